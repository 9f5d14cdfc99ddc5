/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.S: from the PVH entry (flat 32 bits, start info in EBX) and from a
 * startup IPI (real mode) to C in long mode.
 *
 * The first 4 GiB map to themselves through tables that are built by the
 * assembler: on a host that emulates instructions each one counts.
 */
#define STACK_SIZE 16384
#define AP_STACK_SIZE 4096
#define MAX_APS 32

#define CODE64 0x08
#define DATA   0x10
#define CODE32 0x18

#define CR0_PE   (1 << 0)
#define CR0_PG   (1 << 31)
#define CR4_PAE  (1 << 5)
#define MSR_EFER 0xc0000080
#define EFER_LME (1 << 8)

#define PRESENT_WRITABLE 0x03
#define LARGE            0x80

/* XEN_ELFNOTE_PHYS32_ENTRY: Xen docs/misc/pvh.pandoc. */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long start

/* Clobbers EAX, ECX, EDX. */
    .macro enter_long_mode target
    mov %cr4, %eax
    or $CR4_PAE, %eax
    mov %eax, %cr4
    mov $page_map_level4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $EFER_LME, %eax
    wrmsr
    mov %cr0, %eax
    or $(CR0_PG | CR0_PE), %eax
    mov %eax, %cr0
    ljmp $CODE64, $\target
    .endm

    .macro load_data_segments
    mov $DATA, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %fs
    mov %ax, %gs
    mov %ax, %ss
    .endm

    .text
    .code32
    .globl start
start:
    cli
    cld
    mov $(stack + STACK_SIZE), %esp
    mov %ebx, %edi
    lgdt gdt_pointer
    enter_long_mode start64

/* Copied below 1 MiB, where a startup IPI can point to. */
    .code16
    .globl ap_trampoline, ap_trampoline_end
ap_trampoline:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    lgdtl ap_gdt_pointer - ap_trampoline
    mov %cr0, %eax
    or $CR0_PE, %eax
    mov %eax, %cr0
    ljmpl $CODE32, $ap_start32
    .balign 4
ap_gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
ap_trampoline_end:

    .code32
ap_start32:
    load_data_segments
    mov $1, %ebx
    lock xadd %ebx, ap_counter
    cmp $MAX_APS, %ebx
    jae 1f
    lea 1(%ebx), %esp
    imul $AP_STACK_SIZE, %esp
    add $ap_stacks, %esp
    enter_long_mode ap_start64
1:  hlt
    jmp 1b

    .code64
start64:
    load_data_segments
    /* EDI: the start info; writing it extended it. */
    call start_c
1:  hlt
    jmp 1b

ap_start64:
    load_data_segments
    call *ap_entry(%rip)
1:  hlt
    jmp 1b

    .section .rodata
    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00cf9b000000ffff
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt

    .data
    .balign 4096
page_map_level4:
    .quad page_directory_pointers + PRESENT_WRITABLE
    .fill 511, 8, 0
    .globl page_directory_pointers
page_directory_pointers:
    .set i, 0
    .rept 4
    .quad page_directories + 4096 * i + PRESENT_WRITABLE
    .set i, i + 1
    .endr
    .fill 508, 8, 0
page_directories:
    .set i, 0
    .rept 4 * 512
    .quad (i << 21) + PRESENT_WRITABLE + LARGE
    .set i, i + 1
    .endr
/* What every started AP runs, with a stack of its own. */
    .balign 8
    .globl ap_entry
ap_entry:
    .quad 0
ap_counter:
    .long 0

    .bss
    .balign 16
stack:
    .skip STACK_SIZE
ap_stacks:
    .skip AP_STACK_SIZE * MAX_APS

    .section .note.GNU-stack, "", @progbits
