/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_outcome.c: which of all that happened is the run's outcome.
 */
#include "vmm/outcome.h"

#include "tests/support/check_main.h"
#include "vmm/exit_status.h"

/* A command that ended with 7, and how the machine did. */
#define COMMAND(how)                                                           \
    .end = (how), .has_command = true, .phase = GUEST_PHASE_ENDED,             \
    .command_status = 7

static const struct {
    struct outcome_facts facts;
    const char *name;
    int status;
} cases[] = {
    /* Without a command the guest's own end is success. */
    {{.end = OUTCOME_POWER_OFF}, "power-off", 0},
    {{.end = OUTCOME_RESET}, "reset", 0},
    {{.end = OUTCOME_QUIT}, "quit", 0},
    {{.end = OUTCOME_EXIT_PORT, .detail = 42}, "exit-port", 42},
    {{.end = OUTCOME_TRIPLE_FAULT}, "triple-fault", 121},
    {{.end = OUTCOME_SIGNAL, .detail = 15}, "interrupted", 143},
    {{.end = OUTCOME_TIMEOUT}, "timeout", 124},
    {{.end = OUTCOME_PANIC}, "panic", 120},
    {{.end = OUTCOME_FAILED}, "error", 125},
    /* With one, its status. */
    {{COMMAND(OUTCOME_POWER_OFF)}, "exit", 7},
    {{COMMAND(OUTCOME_RESET)}, "exit", 7},
    {{COMMAND(OUTCOME_POWER_OFF), .command_was_killed = true}, "killed", 7},
    {{COMMAND(OUTCOME_POWER_OFF), .command_was_not_run = true}, "not-run", 7},
    /* A failure of the command's comes before what it did not leave. */
    {{COMMAND(OUTCOME_POWER_OFF), .lacks_files = true}, "exit", 7},
    {{.end = OUTCOME_POWER_OFF,
      .has_command = true,
      .phase = GUEST_PHASE_ENDED,
      .lacks_files = true},
     "not-collected",
     125},
    {{COMMAND(OUTCOME_POWER_OFF), .lost_output = true}, "exit", 7},
    {{.end = OUTCOME_POWER_OFF,
      .has_command = true,
      .phase = GUEST_PHASE_ENDED,
      .lost_output = true},
     "error",
     125},
    {{.end = OUTCOME_POWER_OFF,
      .has_command = true,
      .phase = GUEST_PHASE_ENDED,
      .command_status = 141,
      .command_was_killed = true,
      .lost_output = true},
     "error",
     125},
    {{.end = OUTCOME_POWER_OFF,
      .has_command = true,
      .phase = GUEST_PHASE_ENDED,
      .command_status = 141,
      .command_was_killed = true},
     "killed",
     141},
    {{COMMAND(OUTCOME_EXIT_PORT), .detail = 42}, "exit-port", 42},
    /* Who ended the run comes before what the command said. */
    {{COMMAND(OUTCOME_SIGNAL), .detail = 2}, "interrupted", 130},
    {{COMMAND(OUTCOME_TIMEOUT)}, "timeout", 124},
    {{COMMAND(OUTCOME_TRIPLE_FAULT)}, "triple-fault", 121},
    {{COMMAND(OUTCOME_PANIC)}, "panic", 120},
    {{COMMAND(OUTCOME_FAILED)}, "error", 125},
    /* It had not ended. */
    {{.end = OUTCOME_POWER_OFF,
      .has_command = true,
      .phase = GUEST_PHASE_COMMAND},
     "power-off",
     121},
    {{.end = OUTCOME_RESET, .has_command = true, .phase = GUEST_PHASE_KERNEL},
     "reset",
     121},
    {{.end = OUTCOME_POWER_OFF,
      .has_command = true,
      .phase = GUEST_PHASE_INIT,
      .saw_splat = true,
      .missed_requirement = true},
     "power-off",
     121},
    {{.end = OUTCOME_POWER_OFF,
      .has_command = true,
      .phase = GUEST_PHASE_FAILED},
     "error",
     125},
    /* A panic is the outcome, whatever came of it. */
    {{.end = OUTCOME_RESET, .saw_panic = true}, "panic", 120},
    {{.end = OUTCOME_TIMEOUT, .saw_panic = true}, "panic", 120},
    {{.end = OUTCOME_TRIPLE_FAULT, .saw_panic = true}, "panic", 120},
    {{.end = OUTCOME_SIGNAL, .detail = 2, .saw_panic = true}, "panic", 120},
    {{COMMAND(OUTCOME_POWER_OFF), .saw_panic = true, .saw_splat = true},
     "panic",
     120},
    {{.end = OUTCOME_RESET,
      .has_command = true,
      .phase = GUEST_PHASE_FAILED,
      .saw_panic = true},
     "panic",
     120},
    /* But ours to say first is that the host failed. */
    {{.end = OUTCOME_FAILED, .saw_panic = true}, "error", 125},
    /* A splat fails a run that ended by itself, and comes before --require. */
    {{COMMAND(OUTCOME_POWER_OFF), .saw_splat = true}, "splat", 122},
    {{.end = OUTCOME_POWER_OFF, .saw_splat = true}, "splat", 122},
    {{.end = OUTCOME_EXIT_PORT, .saw_splat = true}, "splat", 122},
    {{.end = OUTCOME_RESET, .saw_splat = true, .missed_requirement = true},
     "splat",
     122},
    {{.end = OUTCOME_TIMEOUT, .saw_splat = true}, "timeout", 124},
    {{.end = OUTCOME_SIGNAL, .detail = 2, .saw_splat = true},
     "interrupted",
     130},
    {{.end = OUTCOME_POWER_OFF, .missed_requirement = true}, "no-bypass", 123},
    {{COMMAND(OUTCOME_POWER_OFF), .missed_requirement = true},
     "no-bypass",
     123},
    {{.end = OUTCOME_EXIT_PORT, .detail = 42, .missed_requirement = true},
     "no-bypass",
     123},
    {{.end = OUTCOME_TIMEOUT, .missed_requirement = true}, "timeout", 124},
};

START_TEST(what_happened_has_one_outcome)
{
    struct outcome outcome = outcome_of(&cases[_i].facts);

    ck_assert_str_eq(outcome.name, cases[_i].name);
    ck_assert_int_eq(outcome.status, cases[_i].status);
}
END_TEST

START_TEST(each_phase_has_words_of_its_own)
{
    for (unsigned i = 0; i <= GUEST_PHASE_FAILED; i++)
        for (unsigned j = 0; j < i; j++)
            ck_assert_str_ne(guest_phase_words((enum guest_phase)i),
                             guest_phase_words((enum guest_phase)j));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, what_happened_has_one_outcome, 0,
                        (int)ARRAY_SIZE(cases));
    tcase_add_test(tcase, each_phase_has_words_of_its_own);
}

int main(void)
{
    return check_main("outcome", add_tests);
}
