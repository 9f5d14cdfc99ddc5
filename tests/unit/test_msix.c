/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_msix.c: what the guest writes to capability and table, and who hears
 * of it.
 */
#include "devices/msix.h"
#include "tests/support/check_main.h"
#include "vmm/bytes.h"

#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#define NUM_VECTORS 3U
#define BAR_INDEX   2U
#define BAR_GPA     UINT64_C(0xe0010000)
#define PBA_OFFSET  UINT64_C(4096) /* with so few vectors */

static struct bus mmio;
static struct pci_function function;
static struct msix msix;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char history[4096];
static bool pending[MSIX_MAX_VECTORS];

/* The lock is held wherever the owner is called. */
static void claim_locked(const void *owner)
{
    ck_assert_ptr_eq(owner, history);
    ck_assert_int_ne(pthread_mutex_trylock(&lock), 0);
}

static void note_changed(void *owner, unsigned vector)
{
    size_t used = strlen(history);

    claim_locked(owner);
    (void)snprintf(history + used, sizeof(history) - used, "%u ", vector);
}

static bool tell_pending(void *owner, unsigned vector)
{
    claim_locked(owner);
    ck_assert_uint_lt(vector, msix.num_vectors);
    return pending[vector];
}

static const struct msix_ops ops = {
    .vector_changed = note_changed,
    .vector_is_pending = tell_pending,
};

static void written(struct pci_function *of, unsigned offset, unsigned size)
{
    ck_assert_ptr_eq(of, &function);
    msix_config_written(&msix, offset, size);
}

static const struct pci_function_ops function_ops = {.config_written = written};
static const struct pci_identity identity = {.vendor = 0x1af4,
                                             .device = 0x1041};

static void make(unsigned num_vectors)
{
    pci_function_init(&function, "net", &identity, &function_ops, &mmio);
    function.slot = 3;
    msix_init(&msix, &function, BAR_INDEX, num_vectors, &ops, history, &lock);
    pci_function_assign_bar(&function, BAR_INDEX, BAR_GPA);
    pci_function_write(&function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    history[0] = '\0';
}

static void setup(void)
{
    memset(pending, 0, sizeof(pending));
    bus_init(&mmio, "mmio");
    make(NUM_VECTORS);
}

static void teardown(void)
{
    pci_function_unmap(&function);
    pci_function_destroy(&function);
    bus_destroy(&mmio);
}

static uint64_t read_bar(uint64_t offset, unsigned size)
{
    uint8_t bytes[8] = {0};

    bus_read(&mmio, BAR_GPA + offset, bytes, size);
    return load_le(bytes, size);
}

static void write_bar(uint64_t offset, unsigned size, uint64_t value)
{
    uint8_t bytes[8];

    store_le(bytes, size, value);
    bus_write(&mmio, BAR_GPA + offset, bytes, size);
}

static void set_flags(uint16_t flags)
{
    pci_function_write(&function, msix.capability + PCI_MSIX_FLAGS, 2, flags);
}

/* As Linux: three words, then the mask. */
static void program(unsigned vector, uint64_t address, uint32_t data)
{
    uint64_t entry = (uint64_t)vector * MSIX_ENTRY_SIZE;

    write_bar(entry + PCI_MSIX_ENTRY_LOWER_ADDR, 4, address & UINT32_MAX);
    write_bar(entry + PCI_MSIX_ENTRY_UPPER_ADDR, 4, address >> 32);
    write_bar(entry + PCI_MSIX_ENTRY_DATA, 4, data);
}

static void set_mask(unsigned vector, bool masked)
{
    write_bar((uint64_t)vector * MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL,
              4, masked);
}

static bool get_message(unsigned vector, struct msi_message *message)
{
    bool found;

    pthread_mutex_lock(&lock);
    found = msix_get_message(&msix, vector, message);
    pthread_mutex_unlock(&lock);
    return found;
}

START_TEST(capability_tells_vectors_and_places)
{
    unsigned at = msix.capability;

    ck_assert_uint_eq(pci_function_read(&function, at, 1), PCI_CAP_ID_MSIX);
    ck_assert_uint_eq(pci_function_read(&function, at + PCI_MSIX_FLAGS, 2),
                      NUM_VECTORS - 1);
    ck_assert_uint_eq(pci_function_read(&function, at + PCI_MSIX_TABLE, 4),
                      BAR_INDEX);
    ck_assert_uint_eq(pci_function_read(&function, at + PCI_MSIX_PBA, 4),
                      PBA_OFFSET | BAR_INDEX);
    ck_assert_uint_eq(function.bars[BAR_INDEX].region.size, 2 * PBA_OFFSET);
}
END_TEST

START_TEST(two_flags_alone_can_be_written)
{
    unsigned at = msix.capability;

    for (unsigned offset = 0; offset < 12; offset += 4)
        pci_function_write(&function, at + offset, 4, UINT32_MAX);
    ck_assert_uint_eq(pci_function_read(&function, at + PCI_MSIX_FLAGS, 2),
                      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL |
                          (NUM_VECTORS - 1));
    ck_assert_uint_eq(pci_function_read(&function, at + PCI_MSIX_TABLE, 4),
                      BAR_INDEX);
    ck_assert_uint_eq(pci_function_read(&function, at + PCI_MSIX_PBA, 4),
                      PBA_OFFSET | BAR_INDEX);
}
END_TEST

START_TEST(large_table_has_its_pending_bits_behind_it)
{
    pci_function_unmap(&function);
    pci_function_destroy(&function);
    make(MSIX_MAX_VECTORS);
    ck_assert_uint_eq(msix.pba_offset, 8192);
    ck_assert_uint_eq(function.bars[BAR_INDEX].region.size, 16384);
    ck_assert_uint_eq(
        pci_function_read(&function, msix.capability + PCI_MSIX_FLAGS, 2), 511);
    pending[511] = pending[64] = true;
    ck_assert_uint_eq(read_bar(8192 + 56, 8), UINT64_C(1) << 63);
    ck_assert_uint_eq(read_bar(8192 + 8, 4), 1);
    ck_assert_uint_eq(read_bar(8192, 8), 0);
    ck_assert_uint_eq(read_bar(8192 + 64, 8), 0); /* no vector 512 */
    write_bar(8192 - 4, 4, 0);
    ck_assert_uint_eq(read_bar(8192 - 4, 4), 0);
}
END_TEST

START_TEST(vectors_start_masked_and_empty)
{
    for (uint64_t i = 0; i < NUM_VECTORS; i++) {
        ck_assert_uint_eq(read_bar(i * MSIX_ENTRY_SIZE, 8), 0);
        ck_assert_uint_eq(read_bar(i * MSIX_ENTRY_SIZE + 8, 8), UINT64_C(1)
                                                                    << 32);
    }
}
END_TEST

START_TEST(table_keeps_what_is_written_but_reserved_bits)
{
    for (unsigned at = 0; at < NUM_VECTORS * MSIX_ENTRY_SIZE; at += 8)
        write_bar(at, 8, UINT64_MAX);
    for (uint64_t i = 0; i < NUM_VECTORS; i++) {
        ck_assert_uint_eq(read_bar(i * MSIX_ENTRY_SIZE, 8), UINT64_MAX);
        ck_assert_uint_eq(read_bar(i * MSIX_ENTRY_SIZE + 8, 8), 0x1ffffffff);
    }
    write_bar(1, 1, 0x12);
    write_bar(2, 2, 0x3456);
    ck_assert_uint_eq(read_bar(0, 4), 0x345612ff);
    write_bar(PCI_MSIX_ENTRY_VECTOR_CTRL + 1, 1, 1);
    ck_assert_uint_eq(read_bar(PCI_MSIX_ENTRY_VECTOR_CTRL, 4), 1);
    write_bar(PCI_MSIX_ENTRY_VECTOR_CTRL, 1, 0xfe);
    ck_assert_uint_eq(read_bar(PCI_MSIX_ENTRY_VECTOR_CTRL, 4), 0);
}
END_TEST

START_TEST(nothing_is_between_table_and_pending_bits)
{
    uint64_t end = (uint64_t)NUM_VECTORS * MSIX_ENTRY_SIZE;

    write_bar(end, 8, UINT64_MAX);
    write_bar(end - 4, 8, UINT64_MAX); /* half of it is table */
    ck_assert_uint_eq(read_bar(end, 8), 0);
    ck_assert_uint_eq(read_bar(end - 4, 8), 0);
    ck_assert_uint_eq(read_bar(end - 4, 4), 1); /* still masked */
    ck_assert_str_eq(history, "");
}
END_TEST

START_TEST(message_needs_msix_on_and_the_vector_unmasked)
{
    struct msi_message message;

    program(1, 0x123fee01000, 0x4321);
    set_mask(1, false);
    ck_assert(!get_message(1, &message));
    set_flags(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    ck_assert(!get_message(1, &message));
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    ck_assert(get_message(1, &message));
    ck_assert_uint_eq(message.address, 0x123fee01000);
    ck_assert_uint_eq(message.data, 0x4321);
    ck_assert_uint_eq(message.requester_id, 3 << 3);
    ck_assert(!get_message(0, &message)); /* masked */
    set_mask(1, true);
    ck_assert(!get_message(1, &message));
}
END_TEST

START_TEST(vector_that_does_not_exist_has_no_message)
{
    struct msi_message message;

    for (unsigned i = 0; i < NUM_VECTORS; i++)
        set_mask(i, false);
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    ck_assert(get_message(NUM_VECTORS - 1, &message));
    ck_assert(!get_message(NUM_VECTORS, &message));
    ck_assert(!get_message(MSIX_MAX_VECTORS, &message));
    ck_assert(!get_message(0xffff, &message));
}
END_TEST

START_TEST(owner_hears_of_each_write_while_msix_is_on)
{
    program(0, 0xfee00000, 1);
    ck_assert_str_eq(history, "");
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    ck_assert_str_eq(history, "0 1 2 ");
    history[0] = '\0';
    program(2, 0xfee00000, 2);
    set_mask(2, false);
    ck_assert_str_eq(history, "2 2 2 2 ");
    history[0] = '\0';
    write_bar(MSIX_ENTRY_SIZE - 4, 8, 0); /* the end of 0, the start of 1 */
    ck_assert_str_eq(history, "0 1 ");
}
END_TEST

START_TEST(owner_hears_of_flags_that_change)
{
    unsigned flags_at = msix.capability + PCI_MSIX_FLAGS;

    set_flags(PCI_MSIX_FLAGS_ENABLE);
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    ck_assert_str_eq(history, "0 1 2 ");
    set_flags(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    ck_assert_str_eq(history, "0 1 2 0 1 2 ");
    history[0] = '\0';
    /* The high byte alone, which both are in. */
    pci_function_write(&function, flags_at + 1, 1, 0);
    ck_assert_str_eq(history, "0 1 2 ");
    history[0] = '\0';
    pci_function_write(&function, flags_at, 1, 0xff);
    pci_function_write(&function, msix.capability + PCI_MSIX_TABLE, 4, 0);
    pci_function_write(&function, PCI_COMMAND, 2, 0);
    ck_assert_str_eq(history, "");
}
END_TEST

START_TEST(pending_bits_are_the_owners)
{
    pending[0] = pending[2] = true;
    for (unsigned size = 1; size <= 8; size *= 2)
        ck_assert_uint_eq(read_bar(PBA_OFFSET, size), 5);
    pending[0] = false;
    ck_assert_uint_eq(read_bar(PBA_OFFSET, 1), 4);
    ck_assert_uint_eq(read_bar(PBA_OFFSET + 1, 1), 0);
    ck_assert_uint_eq(read_bar(PBA_OFFSET + 8, 8), 0);
    ck_assert_uint_eq(read_bar(2 * PBA_OFFSET - 8, 8), 0);
}
END_TEST

START_TEST(pending_bits_cannot_be_written)
{
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    history[0] = '\0';
    pending[1] = true;
    write_bar(PBA_OFFSET, 8, 0);
    write_bar(PBA_OFFSET + 8, 8, UINT64_MAX);
    ck_assert_uint_eq(read_bar(PBA_OFFSET, 8), 2);
    ck_assert_uint_eq(read_bar(PBA_OFFSET + 8, 8), 0);
    ck_assert_str_eq(history, "");
}
END_TEST

START_TEST(reset_masks_all_and_tells_nobody)
{
    struct msi_message message;

    program(0, 0xfee00000, 7);
    set_mask(0, false);
    set_flags(PCI_MSIX_FLAGS_ENABLE);
    history[0] = '\0';
    pthread_mutex_lock(&lock);
    msix_reset(&msix);
    pthread_mutex_unlock(&lock);
    ck_assert(!get_message(0, &message));
    ck_assert_uint_eq(read_bar(0, 8), 0);
    ck_assert_uint_eq(read_bar(8, 8), UINT64_C(1) << 32);
    ck_assert_str_eq(history, "");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, capability_tells_vectors_and_places);
    tcase_add_test(tcase, two_flags_alone_can_be_written);
    tcase_add_test(tcase, large_table_has_its_pending_bits_behind_it);
    tcase_add_test(tcase, vectors_start_masked_and_empty);
    tcase_add_test(tcase, table_keeps_what_is_written_but_reserved_bits);
    tcase_add_test(tcase, nothing_is_between_table_and_pending_bits);
    tcase_add_test(tcase, message_needs_msix_on_and_the_vector_unmasked);
    tcase_add_test(tcase, vector_that_does_not_exist_has_no_message);
    tcase_add_test(tcase, owner_hears_of_each_write_while_msix_is_on);
    tcase_add_test(tcase, owner_hears_of_flags_that_change);
    tcase_add_test(tcase, pending_bits_are_the_owners);
    tcase_add_test(tcase, pending_bits_cannot_be_written);
    tcase_add_test(tcase, reset_masks_all_and_tells_nobody);
}

int main(void)
{
    return check_main("msix", add_tests);
}
