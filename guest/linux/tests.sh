# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# tests.sh: what the tests inside the guest share; each sources it.
set -u

# fail WHY: ends the test; init prints WHY after "FAILED:".
fail()
{
    echo "$*" >/run/why
    exit 1
}

# then_do COMMAND: what init does after the report instead of powering off.
then_do()
{
    echo "$*" >/run/then
}

# virtio_nic: prints the name of the first virtio network interface; waits a
# little, for a driver just bound registers it a moment later.
virtio_nic()
{
    for _ in $(seq 50); do
        for device in /sys/bus/virtio/drivers/virtio_net/virtio*/net/*; do
            [ -e "$device" ] && basename "$device" && return
        done
        usleep 100000
    done
    return 1
}

# need_nic: sets nic, or fails the test.
need_nic()
{
    # shellcheck disable=SC2034 # read by the tests
    nic=$(virtio_nic) || fail "no virtio network interface appeared in 5 s"
}

# feature NUMBER: 1 when the device's driver took this feature, else 0.
feature()
{
    cut -c "$(($1 + 1))" "/sys/class/net/$nic/device/features"
}

# carrier_is 0|1: waits up to 60 s for the link to be down or up.
carrier_is()
{
    for _ in $(seq 600); do
        [ "$(cat "/sys/class/net/$nic/carrier")" != "$1" ] || return 0
        usleep 100000
    done
    return 1
}

# generate_frames COUNT BYTES SETTING...: the kernel's generator sends them by
# nic; prints how many a second. Settings are its own: "dst 10.0.2.2".
generate_frames()
{
    generator=/proc/net/pktgen
    echo rem_device_all >$generator/kpktgend_0
    echo "add_device $nic" >$generator/kpktgend_0
    for setting in "count $1" "pkt_size $2" "delay 0" "clone_skb 0" \
        "udp_dst_min 9" "udp_dst_max 9"; do
        echo "$setting" >"$generator/$nic"
    done
    shift 2
    for setting in "$@"; do
        echo "$setting" >"$generator/$nic"
    done
    echo start >$generator/pgctrl
    sed -n 's/^ *\([0-9]*\)pps .*/\1/p' "$generator/$nic"
}

# within SECONDS COMMAND...: until COMMAND succeeds; false when it does not in
# time.
within()
{
    tries=$(($1 * 10))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        usleep 100000
    done
}

# find_other: sets other to a virtio network interface beside $nic.
find_other()
{
    for device in /sys/bus/virtio/drivers/virtio_net/virtio*/net/*; do
        other=$(basename "$device")
        [ ! -e "$device" ] || [ "$other" = "${nic:-}" ] || return 0
    done
    return 1
}

# sent: how many frames nic has sent.
sent()
{
    cat "/sys/class/net/$nic/statistics/tx_packets"
}

# traffic_flows PID: waits until that process has sent 50 frames by nic, for as
# long as it runs, by no timer.
traffic_flows()
{
    enough=$(($(sent) + 50))
    until [ "$(sent)" -ge "$enough" ]; do
        kill -0 "$1" || fail "the traffic ended: $(tail -n 1 /run/traffic)"
    done
}

# is_gone INTERFACE
is_gone()
{
    [ ! -e "/sys/class/net/$1" ]
}

# get_address INTERFACE: by DHCP.
get_address()
{
    ip link set "$1" up
    udhcpc -i "$1" -n -q -f -t 10 -T 1 -s /udhcpc-lease
}
