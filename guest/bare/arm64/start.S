/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start.S: an Image (Linux Documentation/arch/arm64/booting.rst): from its
 * header, with the device tree's address in x0, to C; the same for another
 * CPU, which PSCI starts; and the way to handlers of interrupts.
 *
 * Addresses map to themselves, 1 GiB at a time, by one table that is built by
 * the assembler: devices below 2 GiB and in the 64-bit PCI window, else RAM.
 */
#include "vmm/arm64/memory_map.h"

#define STACK_SIZE    16384
#define AP_STACK_SIZE 4096
#define MAX_APS       32

#define GIB_SHIFT 30

/* Arm ARM, D8.3: a block that is there, accessed, inner shareable; the index
 * of its attributes in MAIR. */
#define BLOCK  0x701
#define DEVICE 0x000
#define NORMAL 0x004

/* D17.2: device nGnRE, and normal write-back memory. */
#define MAIR 0xff04
/* 39 bits by TTBR0, 4 KiB granule, write-back and inner shareable walks; no
 * TTBR1; 40 bits of physical address. */
#define TCR (25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
/* MMU and caches on, over bits that are always one. */
#define SCTLR (0x30d00800 | 1 << 0 | 1 << 2 | 1 << 12)

    .section .text.head, "ax"
    .globl start
start:
    b enter
    .long 0
    .quad 0                     /* from RAM's start and 2 MiB on */
    .quad image_end - start
    .quad 0x2                   /* little-endian, pages of 4 KiB */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

    .macro load_number register, value
    movz \register, #((\value) & 0xffff)
    movk \register, #(((\value) >> 16) & 0xffff), lsl #16
    movk \register, #(((\value) >> 32) & 0xffff), lsl #32
    .endm

/* Clobbers x9. */
    .macro enable_mmu
    load_number x9, MAIR
    msr mair_el1, x9
    load_number x9, TCR
    msr tcr_el1, x9
    adrp x9, page_table
    msr ttbr0_el1, x9
    tlbi vmalle1
    dsb nsh
    isb
    load_number x9, SCTLR
    msr sctlr_el1, x9
    isb
    adrp x9, vectors
    msr vbar_el1, x9
    .endm

    .text
enter:
    mov x19, x0
    enable_mmu
    /* After a reset they are not zero. */
    ldr x1, =bss_start
    ldr x2, =image_end
1:  cmp x1, x2
    b.hs 2f
    stp xzr, xzr, [x1], #16
    b 1b
2:  ldr x1, =stack + STACK_SIZE
    mov sp, x1
    mov x0, x19
    bl start_c
3:  wfi
    b 3b

/* x0: this CPU's number, from 1 on. */
    .globl ap_start
ap_start:
    mov x19, x0
    enable_mmu
    ldr x1, =ap_stacks
    mov x2, #AP_STACK_SIZE
    madd x1, x19, x2, x1
    mov sp, x1
    ldr x1, =ap_entry
    ldr x1, [x1]
    blr x1
4:  wfi
    b 4b

/* Of EL1 with its own stack alone: the second four. */
    .macro vector target
    .balign 0x80
    b \target
    .endm

    .balign 4096 /* 2 KiB would do, but not for adrp */
vectors:
    .rept 4
    vector unexpected
    .endr
    vector unexpected
    vector interrupt
    .rept 10
    vector unexpected
    .endr

unexpected:
    mrs x0, esr_el1
    mrs x1, elr_el1
    mrs x2, far_el1
    bl platform_exception
    b .

/* Saves what a function in C may change. */
interrupt:
    sub sp, sp, #160
    stp x0, x1, [sp, #0]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x30, [sp, #144]
    bl platform_interrupt
    ldp x0, x1, [sp, #0]
    ldp x2, x3, [sp, #16]
    ldp x4, x5, [sp, #32]
    ldp x6, x7, [sp, #48]
    ldp x8, x9, [sp, #64]
    ldp x10, x11, [sp, #80]
    ldp x12, x13, [sp, #96]
    ldp x14, x15, [sp, #112]
    ldp x16, x17, [sp, #128]
    ldp x18, x30, [sp, #144]
    add sp, sp, #160
    eret
    .ltorg

    .data
    .balign 4096
page_table:
    .set i, 0
    .rept 512
    .if i < (RAM_GPA >> GIB_SHIFT)
    .quad (i << GIB_SHIFT) + BLOCK + DEVICE
    .elseif i >= (PCI_WINDOW64_BASE >> GIB_SHIFT) && i < (HIGH_RAM_GPA >> GIB_SHIFT)
    .quad (i << GIB_SHIFT) + BLOCK + DEVICE
    .else
    .quad (i << GIB_SHIFT) + BLOCK + NORMAL
    .endif
    .set i, i + 1
    .endr
/* What every started AP runs, with a stack of its own. */
    .globl ap_entry
ap_entry:
    .quad 0

    .bss
    .balign 16
stack:
    .skip STACK_SIZE
/* Number n's begins where number n + 1's ends. */
ap_stacks:
    .skip AP_STACK_SIZE * MAX_APS

    .section .note.GNU-stack, "", @progbits
