/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_machine_json.c: the report of a run as JSON, of a machine without
 * devices: what is in it, what is left out, and text that is the guest's.
 */
#include "vmm/machine_json.h"

#include "tests/support/check_main.h"
#include "tests/support/machine_bed.h"
#include "vmm/bytes.h"
#include "vmm/exit_status.h"

#include <stdlib.h>
#include <string.h>

static struct machine_bed bed;
static char *text;

static void begin(const char *line, const char *outcome, int status)
{
    machine_bed_begin(&bed, line);
    bed.machine.outcome = (struct outcome){outcome, status};
    run_phases_init(&bed.machine.phases, "/proc/self/stat");
}

/* Claims that all is ASCII that changes no terminal, and that brackets close in
 * their order, outside of strings. */
static void check_structure(void)
{
    char open[64];
    unsigned depth = 0;
    bool in_string = false;

    for (const char *c = text; *c != '\0'; c++) {
        ck_assert((*c >= ' ' && *c <= '~') || *c == '\n');
        if (in_string && *c == '\\')
            c++;
        else if (*c == '"')
            in_string = !in_string;
        else if (!in_string && (*c == '{' || *c == '['))
            open[depth++] = *c;
        else if (!in_string && (*c == '}' || *c == ']'))
            ck_assert(depth > 0 && open[--depth] == (*c == '}' ? '{' : '['));
        ck_assert_uint_lt(depth, sizeof(open));
    }
    ck_assert(depth == 0 && !in_string);
}

static void print(void)
{
    size_t size;
    FILE *file = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(file);
    machine_json_print(&bed.machine, file);
    ck_assert_int_eq(fclose(file), 0);
    check_structure();
}

static void end(void)
{
    free(text);
    text = NULL;
    machine_bed_end(&bed);
}

static bool has(const char *piece)
{
    return strstr(text, piece) != NULL;
}

START_TEST(a_report_is_json_by_its_name)
{
    static const struct {
        const char *name;
        bool is_json;
    } names[] = {
        {"report.json", true}, {"a/b.json", true},   {"report", false},
        {".json", false},      {"x.json.gz", false}, {"json", false},
    };
    struct options options = {.report = NULL};

    ck_assert(!machine_json_is_wanted(&options));
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        options.report = names[i].name;
        ck_assert_int_eq(machine_json_is_wanted(&options), names[i].is_json);
    }
}
END_TEST

START_TEST(a_plain_run_is_short)
{
    begin("run K --cpus 3 --memory 64M", "power-off", 0);
    bed.machine.memory.size = 64 * MIB;
    (void)snprintf(bed.machine.kernel_path, sizeof(bed.machine.kernel_path),
                   "/boot/K");
    print();
    ck_assert(has("\"schema\": \"vmm-report/1\""));
    ck_assert(has("\"devices\": []"));
    ck_assert(has("\"outcome\": \"power-off\""));
    ck_assert(has("\"status\": 0"));
    ck_assert(has("\"kernel\": \"/boot/K\""));
    ck_assert(has("\"memory_bytes\": 67108864"));
    ck_assert(has("\"cpus\": 3"));
    ck_assert(has("\"process_end\""));
    ck_assert(!has("\"initrd\""));
    ck_assert(!has("\"command\""));
    ck_assert(!has("\"splat\""));
    ck_assert(!has("\"kernel_log_tail\""));
    end();
}
END_TEST

START_TEST(a_command_is_there_with_its_end)
{
    static const struct {
        bool was_not_run, was_killed;
        int status;
        const char *piece;
    } ends[] = {
        {false, false, 3, "\"end\": \"exit\",\n    \"status\": 3\n"},
        {true, false, 127, "\"end\": \"not-run\",\n    \"status\": 127\n"},
        {false, true, EXIT_STATUS_SIGNAL + 9,
         "\"end\": \"killed\",\n    \"status\": 137,\n    \"signal\": 9\n"},
    };

    begin("run K -- test a\tb \"", "exit", ends[_i].status);
    bed.machine.command.phase = GUEST_PHASE_ENDED;
    bed.machine.command.was_not_run = ends[_i].was_not_run;
    bed.machine.command.was_killed = ends[_i].was_killed;
    bed.machine.command.status = ends[_i].status;
    print();
    ck_assert_msg(has(ends[_i].piece), "not in: %s", text);
    ck_assert(has("\"test\",\n      \"a\\tb\",\n      \"\\\"\"\n"));
    end();
}
END_TEST

START_TEST(a_command_whose_end_nobody_saw_has_no_status)
{
    begin("run K -- true", "timeout", EXIT_STATUS_TIMEOUT);
    bed.machine.command.phase = GUEST_PHASE_COMMAND;
    print();
    ck_assert(has("\"end\": \"unknown\"\n"));
    end();
}
END_TEST

/* Which may be any bytes, from the middle of a character on. */
START_TEST(what_the_guest_printed_is_harmless)
{
    static const char wild[] = "\xa9 \x1b[2J\x1b]0;title\a\"\\\x7f\xc3(\n"
                               "\xf0\x9f\x98\x80\xed\xa0\x80\xff end";

    begin("run K", "panic", EXIT_STATUS_PANIC);
    kernel_log_add(&bed.machine.kernel_log, (const uint8_t *)wild,
                   sizeof(wild) - 1);
    print();
    ck_assert(has("\"kernel_log_tail\""));
    ck_assert(has("\\u001b[2J"));
    ck_assert(has("\\ud83d\\ude00"));
    ck_assert(has(" end\""));
    end();
}
END_TEST

START_TEST(a_splat_is_there_with_its_frames)
{
    static const char warning[] =
        "[ 1.0] ------------[ cut here ]------------\n"
        "[ 1.0] WARNING: CPU: 0 PID: 1 at net/core/dev.c:1 netdev_f+0x1\n"
        "[ 1.0] Call Trace:\n[ 1.0]  <TASK>\n[ 1.0]  first_frame+0x12/0x34\n"
        "[ 1.0]  </TASK>\n"
        "[ 1.0] ---[ end trace 0000000000000000 ]---\n";

    begin("run K", "splat", EXIT_STATUS_SPLAT);
    kernel_log_add(&bed.machine.kernel_log, (const uint8_t *)warning,
                   sizeof(warning) - 1);
    kernel_log_end(&bed.machine.kernel_log);
    print();
    ck_assert(has("\"kind\": \"WARNING\""));
    ck_assert(has("\"first_frame\""));
    ck_assert(has("\"text\": \""));
    end();
}
END_TEST

START_TEST(phases_that_were_not_reached_are_left_out)
{
    begin("run K", "power-off", 0);
    run_phases_reach(&bed.machine.phases, RUN_PHASE_INIT);
    print();
    ck_assert(has(run_phases_name(RUN_PHASE_INIT)));
    ck_assert(!has(run_phases_name(RUN_PHASE_COMMAND_ENDED)));
    end();
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_report_is_json_by_its_name);
    tcase_add_test(tcase, a_plain_run_is_short);
    tcase_add_loop_test(tcase, a_command_is_there_with_its_end, 0, 3);
    tcase_add_test(tcase, a_command_whose_end_nobody_saw_has_no_status);
    tcase_add_test(tcase, what_the_guest_printed_is_harmless);
    tcase_add_test(tcase, a_splat_is_there_with_its_frames);
    tcase_add_test(tcase, phases_that_were_not_reached_are_left_out);
}

int main(void)
{
    return check_main("machine_json", add_tests);
}
