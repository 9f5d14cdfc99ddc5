# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# reset.sh: what the scenarios reset and reset_16g share.
PAIRS=${PAIRS:-3}
ROUNDS=10

# measure WHO SUBJECT MIB COMMAND...
measure()
{
    local who=$1 subject=$2
    shift 2
    "$@"
    echo "figure ${subject} $who $(sed -n 's/^rebind-time: \([0-9]*\) ms.*/\1/p' \
        /run/guest.log)"
}

# measure_vmm SUBJECT MIB [HIDDEN-BACKEND-FEATURES]
measure_vmm()
{
    local RUN_BY="env LD_PRELOAD=/lib/hide_backend_features.so"
    RUN_BY="$RUN_BY HIDE_BACKEND_FEATURES=${3:-0}"
    measure vmm "$1" run_guest "rebind-time $ROUNDS" --memory "$2" --quiet
}

measure_qemu()
{
    local QEMU_MEMORY=${2}M QEMU_BACKEND=$QEMU_PRIVATE
    measure qemu "$1" run_qemu "rebind-time $ROUNDS"
}

# measure_pair NUMBER SUBJECT MIB [HIDDEN]
measure_pair()
{
    local number=$1
    shift
    if [ $((number % 2)) -eq 1 ]; then
        measure_vmm "$@"
        measure_qemu "$@"
    else
        measure_qemu "$@"
        measure_vmm "$@"
    fi
}

# measure_sizes MIB...
measure_sizes()
{
    local size number

    for size in "$@"; do
        for number in $(seq "$PAIRS"); do
            measure_pair "$number" "${size}_MiB" "$size"
            # Bit 8 is IOTLB_PERSIST.
            measure_pair "$number" "${size}_MiB,_vmm_without_IOTLB_PERSIST" \
                "$size" 0x100
        done
    done
}
