# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# host_trouble.sh: cases of tests/cli/run, which includes this file: a full disk,
# files of others, and what is there after the VMM was killed.

# run_on_full_disk GUEST ARGUMENT...: in a folder without room for one byte.
# shellcheck disable=SC2016 # for the inner shell
run_on_full_disk()
{
    run unshare -m sh -c 'mount -t tmpfs -o size=4k none "$1" && cd "$1" &&
        head -c 4096 /dev/zero >there && guest=$2 && shift 2 &&
        exec "$0" run "$guest" -m 64 "$@"' "$VMM" "$work/here" \
        "$GUESTS/$1.elf" "${@:2}"
    : >"$work/stdout" # what the guest printed there
}

# on_full_disk CLAIM PATTERN GUEST ARGUMENT...: there, the run of GUEST is a
# failure that one line explains.
on_full_disk()
{
    run_on_full_disk "${@:3}" -q
    judge_refusal "$1" "$2"
}

# outcome_on_full_disk CLAIM ARGUMENT...: ... and the last line is about that,
# not about the guest.
outcome_on_full_disk()
{
    run_on_full_disk exit_status "${@:2}"
    if [ "$(tail -n 1 "$work/stderr")" = 'vmm: outcome=error status=125' ]; then
        pass "$1"
    else
        fail "$1" 'the last line is another outcome'
    fi
}

test_full_disk()
{
    local full='No space left on device'

    if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
        skip full_disk 'needs root and unshare'
        return
    fi
    on_full_disk log_is_full "--log l: $full: it ends here" exit_status --log l
    on_full_disk kmsg_is_full "--kmsg k: $full: it lacks some of" \
        serial_output --kmsg k
    on_full_disk report_is_full "--report r: $full: give a file" \
        exit_status --net user --report r
    on_full_disk json_is_full "--report r.json: $full: give a file" \
        exit_status --report r.json
    on_full_disk counts_are_full "--counts c: $full: give a file" \
        exit_status --net user --counts c
    on_full_disk trace_is_full "--trace: write: $full: the trace ends" \
        exit_status --trace vdpa=t
    on_full_disk pcap_is_full "pcap f: $full: give a file that can be" \
        exit_status --net user,pcap=f
    on_full_disk pidfile_is_full "--pidfile p: $full: give a file" \
        exit_status --pidfile p
    outcome_on_full_disk outcome_knows_of_the_report --net user --report r
    outcome_on_full_disk outcome_knows_of_the_trace --trace vdpa=t
}

# What belongs to somebody else.
test_files_of_others()
{
    if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null ||
        ! unshare -m true 2>/dev/null; then
        skip files_of_others 'needs root, setpriv and unshare'
        return
    fi
    chmod 755 "$work"
    cp "$idle" "$work/idle.elf"
    for option in log kmsg report counts trace=vdpa pidfile; do
        as_nobody_with_kvm "$VMM" run "$work/idle.elf" "--$option=$work/secret"
        judge_refusal "${option%=*}_not_permitted" \
            "--${option%=*} .*/secret: Permission denied: give a file that can"
    done
    as_nobody_with_kvm "$VMM" run "$work/idle.elf" --inject "$work/secret" -- true
    judge_refusal inject_not_permitted \
        '--inject .*/secret: Permission denied: give'
    as_nobody_with_kvm "$VMM" run "$work/idle.elf" --collect "/a:$work/b" -- true
    judge_refusal collect_not_permitted \
        '--collect /a:.*/b: Permission denied: give a place'
    as_nobody_with_kvm "$VMM" run "$work/idle.elf" --fail-on-splat="$work/secret"
    judge_refusal splats_not_permitted \
        '--fail-on-splat .*/secret: Permission denied: give a file'
    as_nobody_with_kvm "$VMM" run "$work/idle.elf" --disk "$work/secret"
    judge_refusal disk_not_permitted '.*/secret: Permission denied'
    as_nobody_with_kvm "$VMM" run "$work/idle.elf" --control "$work/s"
    judge_refusal control_folder_not_permitted '--control: .*/s: .*Permission'
}

# After kill -9 nothing runs, and the same command line works once more and
# leaves nothing.
# shellcheck disable=SC2016 # for the inner shell
test_killed()
{
    local left

    truncate -s 1M "$work/here/disk"
    left=$(what_is_there)
    run bash -c 'run() {
            "$0" run "$1" -m 64 -q --control s --pidfile p --log l --kmsg k \
                --report r.json --disk disk,snapshot --net peer=cable,pcap=f \
                --trace vdpa=t --ready-fd 7 7<>ready 8<&-
        }
        mkfifo ready
        for signal in KILL TERM; do
            run "$@" & vmm=$!
            exec 8<ready; read -r word <&8; exec 8<&-
            kill -$signal $(cat p)
            wait $vmm
        done
        rm -f ready l k r.json f t' "$VMM" "$idle"
    if [ "$(what_is_there)" = "$left" ]; then
        pass killed_and_run_again
    else
        fail killed_and_run_again "$(what_is_there)"
    fi
    rm -rf "$work/here"
    mkdir "$work/here"
}
