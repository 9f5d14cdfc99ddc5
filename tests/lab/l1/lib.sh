# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# lib.sh: what scenarios share; runs in L1 and is loaded before each.
#
# Set by the runner: GUEST_KERNEL, GUEST_IMAGE and ARCH, which is x86 or arm64.
MAC=52:54:00:12:34:56
# The vDPA device that create_* made, for example /dev/vhost-vdpa-0
NET_DEVICE=
VMM_PID=
# A command, with arguments, that start_guest runs the VMM by
RUN_BY=

# fail MESSAGE: ends the scenario.
fail()
{
    echo "scenario: FAILED: $*" >&2
    exit 1
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; false when it does not
# in time.
wait_for()
{
    local tries=$(($1 * 10))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        usleep 100000
    done
}

# find_vhost_node NAME: sets NET_DEVICE to the character device of vDPA
# device NAME.
find_vhost_node()
{
    local node

    for node in "/sys/bus/vdpa/devices/$1"/vhost-vdpa-*; do
        [ -e "$node" ] || return 1
        NET_DEVICE=/dev/${node##*/}
    done
    [ -c "$NET_DEVICE" ]
}

# create_device NAME PARENT [ATTRIBUTE...]: adds vDPA device NAME.
create_device()
{
    local name=$1 parent=$2
    shift 2
    vdpa dev add name "$name" mgmtdev "$parent" "$@" ||
        fail "vdpa dev add $name on $parent"
    wait_for 5 find_vhost_node "$name" ||
        fail "no vhost-vdpa node appeared for $name"
}

# create_sim_net [NAME]: a vdpa_sim_net device. It sends every frame back.
create_sim_net()
{
    create_device "${1:-sim0}" vdpasim_net mac "$MAC"
}

# show_all_queues CARD: QEMU's card has one queue pair until a driver takes
# MQ, but vp_vdpa counts the queues before it takes anything. So MQ and CTRL_VQ
# are taken here, in the card's common configuration (virtio 1.2, 4.1.4.3), the
# first of BAR 4. devmem opens /dev/mem, whatever that is.
show_all_queues()
{
    ln -sf "$1/resource4" /dev/mem
    devmem 8 32 0 # driver_feature_select
    devmem 12 32 $((1 << 22 | 1 << 17))
    rm /dev/mem
}

# create_vp_vdpa [NAME [ADDRESS]]: gives L1's virtio network card to vp_vdpa:
# DMA through an IOMMU, a doorbell page, and a user-mode network beyond it.
create_vp_vdpa()
{
    local address=${2:-0000:00:03.0}
    local card=/sys/bus/pci/devices/$address

    [ -d "$card" ] ||
        fail "no card at $address; the header needs: device: vp_vdpa"
    [ ! -e "$card/driver" ] || echo "$address" >"$card/driver/unbind"
    show_all_queues "$card"
    echo vp-vdpa >"$card/driver_override"
    echo "$address" >/sys/bus/pci/drivers/vp-vdpa/bind
    create_device "${1:-vp0}" "pci/$address"
}

# has_vp_vdpa: whether guests can use it. Linux 6.12's vhost-vdpa does not map
# where MSIs are written, as arm64's IOMMU wants: no interrupt of the card comes.
has_vp_vdpa()
{
    [ "$ARCH" = x86 ]
}

# monitor COMMAND...: gives L1's own QEMU a command, such as set_link net off.
# It acts a little later. The header needs: monitor: yes.
monitor()
{
    local port

    # Its number is that of the device on the virtio bus.
    for port in /dev/vport*p1; do
        [ -c "$port" ] || fail "no port; the header needs: monitor: yes"
        echo "$*" >"$port"
    done
}

# guest_command_line TEST [CONSOLE]: what the guest's kernel is to be told; TEST
# is "NAME ARGUMENT...".
guest_command_line()
{
    printf 'console=%s quiet panic=-1 test=%s' "${2:-ttyS0}" "${1%% *}"
    case $1 in
    *\ *) printf ' test_args=%s' "$(echo "${1#* }" | tr ' ' ',')" ;;
    esac
}

# start_process COMMAND...: starts a VMM with a guest, whose console goes to
# $RUN/guest.log, and its own messages to $RUN/vmm.log. The guest's console
# reads from GUEST_INPUT.
RUN=/run
GUEST_INPUT=/dev/null

start_process()
{
    # An earlier guest's words are not this one's.
    : >"$RUN/guest.log"
    rm -f "$RUN/guest.pipe" "$RUN/vmm.pipe"
    mkfifo "$RUN/guest.pipe" "$RUN/vmm.pipe"
    tee "$RUN/guest.log" <"$RUN/guest.pipe" >/dev/ttyS2 &
    COPIER_PIDS=$!
    tee "$RUN/vmm.log" <"$RUN/vmm.pipe" &
    COPIER_PIDS="$COPIER_PIDS $!"
    "$@" <"$GUEST_INPUT" >"$RUN/guest.pipe" 2>"$RUN/vmm.pipe" &
    VMM_PID=$!
}

# start_guest TEST [VMM-OPTION...]: starts the VMM with a guest that runs
# TEST ("NAME ARGUMENT...").
start_guest()
{
    local append
    append=$(guest_command_line "$1")
    shift
    case " $* " in
    *" --memory "*) ;;
    *) set -- --memory 256M "$@" ;;
    esac
    [ -z "$NET_DEVICE" ] || set -- --net "vdpa=$NET_DEVICE" "$@"
    # shellcheck disable=SC2086 # RUN_BY's words
    start_process $RUN_BY vmm run --kernel "$GUEST_KERNEL" \
        --initrd "$GUEST_IMAGE" --append "$append" "$@"
}

# end_guest: waits for the VMM's end; sets VMM_STATUS.
end_guest()
{
    VMM_STATUS=0
    wait "$VMM_PID" || VMM_STATUS=$?
    # The copies of its output end with it.
    # shellcheck disable=SC2086 # two numbers
    wait $COPIER_PIDS
}

# remove_under_traffic NAME: deletes the vDPA device NAME while the guest's test
# "removed" keeps it busy. The kernel waits for the VMM to close it.
remove_under_traffic()
{
    local start seconds

    wait_for 90 guest_said 1 '^guest: removed: traffic flows' ||
        fail "no traffic came to flow"
    start=$(cut -d ' ' -f 1 /proc/uptime)
    timeout 60 vdpa dev del "$1" || fail "vdpa dev del $1"
    seconds=$(echo "$start $(cut -d ' ' -f 1 /proc/uptime)" |
        awk '{ print $2 - $1 }')
    echo "vdpa dev del took $seconds s"
    expect_vmm_line "^vmm: warning: $NET_DEVICE: the host removed the device"
    # The kernel would wait for ever; the lab may be slow.
    [ "${seconds%%.*}" -lt 3 ] || fail "vdpa dev del took $seconds s"
    [ ! -e "$NET_DEVICE" ] || fail "$NET_DEVICE is still there"
}

# boot_guest TEST [VMM-OPTION...]: start_guest, and the VMM ends well.
boot_guest()
{
    start_guest "$@"
    end_guest
    [ "$VMM_STATUS" -eq 0 ] ||
        fail "the VMM ended with status $VMM_STATUS (test $1)"
}

# run_guest TEST [VMM-OPTION...]: boot_guest, and TEST succeeds in it.
run_guest()
{
    boot_guest "$@"
    expect_line "guest: ${1%% *}: ok"
}

# start_qemu TEST [QEMU-OPTION...]: start_guest with QEMU in the VMM's place;
# the header needs: qemu. QEMU_MEMORY is the guest's, of the kind QEMU_BACKEND;
# QEMU_CARD is what the card of NET_DEVICE is told. vdpa_sim and VDUSE reach
# shared memory alone; other devices do better with QEMU_PRIVATE.
QEMU_MEMORY=256M
QEMU_SHARED=memory-backend-memfd,share=on
QEMU_PRIVATE=memory-backend-ram
QEMU_BACKEND=$QEMU_SHARED
QEMU_CARD=

start_qemu()
{
    local append machine=microvm,pcie=on,rtc=off console=ttyS0

    if [ "$ARCH" = arm64 ]; then
        machine=virt,gic-version=host
        console=ttyAMA0
    fi
    append=$(guest_command_line "$1" $console)
    shift
    [ -z "$NET_DEVICE" ] || set -- \
        -netdev "vhost-vdpa,id=n,vhostdev=$NET_DEVICE" -device \
        "virtio-net-pci,netdev=n,disable-legacy=on,romfile=$QEMU_CARD" "$@"
    # shellcheck disable=SC2086 # RUN_BY's words
    start_process $RUN_BY qemu -accel kvm -cpu host \
        -machine "$machine,memory-backend=m" -m "$QEMU_MEMORY" \
        -object "$QEMU_BACKEND,id=m,size=$QEMU_MEMORY" \
        -nodefaults -no-user-config -display none -no-reboot \
        -kernel "$GUEST_KERNEL" -initrd "$GUEST_IMAGE" -append "$append" \
        -serial stdio "$@"
}

# run_qemu TEST [QEMU-OPTION...]: and TEST succeeds in it.
run_qemu()
{
    start_qemu "$@"
    end_guest
    [ "$VMM_STATUS" -eq 0 ] || fail "QEMU ended with status $VMM_STATUS"
    expect_line "guest: ${1%% *}: ok"
}

# check_trace: the trace of the last guest, in /run/trace, breaks no rule.
check_trace()
{
    vmm trace check /run/trace || fail "the trace breaks the rules above"
}

# expect_golden NAME: and it is the golden trace of that name, but for what
# differs from run to run: how long it took, and so how often the VMM looked at
# the device's status. Nor does it count where the guest's memory begins, which
# is at 2 GiB on arm64. Printed, for tests/lab/golden/renew to find.
expect_golden()
{
    cut -f1 /run/trace |
        sed '/vmm: looks at the status/,+1d; /^# .* calls:/d' >/run/trace.cut
    [ "$ARCH" = x86 ] ||
        sed -i 's/ iova=0x80000000 / iova=0 /' /run/trace.cut
    sed "s/^/golden $1: /" /run/trace.cut
    diff -u "/bin/$1.trace" /run/trace.cut ||
        fail "not the golden trace $1.trace; tests/lab/golden/renew makes it so"
}

# guest_lines PATTERN: how many lines of the guest's console match.
guest_lines()
{
    # The file may not be there yet.
    grep -c -E "$1" "$RUN/guest.log" 2>/dev/null || [ $? -eq 1 ] || echo 0
}

# guest_said COUNT PATTERN: whether at least COUNT lines match, for wait_for.
guest_said()
{
    [ "$(guest_lines "$2")" -ge "$1" ]
}

# expect_line PATTERN: the guest's console has a matching line.
expect_line()
{
    guest_said 1 "$1" || fail "the guest did not print: $1"
}

# expect_vmm_line PATTERN: the VMM's messages have a matching line.
expect_vmm_line()
{
    grep -q -E "$1" "$RUN/vmm.log" || fail "the VMM did not print: $1"
}

# What user-mode networks reach of L1: a web server with a file, a port that
# takes it back, and a name server.
HTTP_PORT=8080
UPLOAD_PORT=9090
FILE_MIB=10

# receive_upload: takes one file at UPLOAD_PORT.
receive_upload()
{
    rm -f /run/uploaded
    # Its input must stay open, or it ends the connection before anything came.
    (sleep 1000 | nc -l -p "$UPLOAD_PORT" >/run/uploaded &)
}

start_servers()
{
    mkdir -p /run/www /etc
    dd if=/dev/urandom of=/run/www/file bs=1M count="$FILE_MIB" 2>/dev/null
    (cd /run/www && sha256sum file >file.sha256)
    httpd -p "127.0.0.1:$HTTP_PORT" -h /run/www
    receive_upload
    (name_server 192.0.2.7 &)
    echo 'nameserver 127.0.0.1' >/etc/resolv.conf
}

# check_user_net PORT: the rest of the guest's test user-net, whose port 7 is
# forwarded from PORT here, to its end.
check_user_net()
{
    wait_for 150 guest_said 1 'user-net: (listening|FAILED)' ||
        fail "the guest did not get to listen"
    answer=$(echo hello | nc -w 10 127.0.0.1 "$1" || true)
    end_guest
    [ "$VMM_STATUS" -eq 0 ] || fail "the VMM ended with status $VMM_STATUS"
    expect_line '^guest: user-net: ok'
    [ "$answer" = hello ] || fail "through the forward came: $answer"
    wait_for 5 cmp -s /run/www/file /run/uploaded || fail "the upload differs"
}

# start_vduse NAME [OPTION...]: serves a software device of that name; sets
# NET_DEVICE and VDUSE_PID.
start_vduse()
{
    local name=$1

    rm -f /run/vduse.ready
    vmm vduse "$@" --ready-fd 9 9>/run/vduse.ready 2>>/run/vduse.log &
    VDUSE_PID=$!
    wait_for 10 [ -s /run/vduse.ready ] || {
        cat /run/vduse.log
        fail "vmm vduse $name did not get ready"
    }
    NET_DEVICE=$(cat /run/vduse.ready)
}

# stop_vduse: ends it in order; the device is gone then.
stop_vduse()
{
    VDUSE_STATUS=0
    kill -TERM "$VDUSE_PID"
    wait "$VDUSE_PID" || VDUSE_STATUS=$?
    [ "$VDUSE_STATUS" -eq 0 ] || {
        cat /run/vduse.log
        fail "vmm vduse ended with status $VDUSE_STATUS"
    }
}

# run_vmm GUEST VMM-OPTION...: runs a bare guest for 20 s at most; sets
# status, leaves /run/err.
run_vmm()
{
    local guest=$1
    shift
    status=0
    timeout 20 vmm run "/bin/$guest.elf" --memory 64M --quiet "$@" \
        </dev/null >/run/out 2>/run/err || status=$?
}

# expect_refusal CLAIM PATTERN: the VMM ended with $status and one line that
# matches in /run/err.
expect_refusal()
{
    sed "s/^/$1: /" /run/err
    [ "$status" -eq 125 ] || fail "$1: status $status instead of 125"
    [ "$(wc -l </run/err)" -eq 1 ] || fail "$1: not one line"
    grep -q -E "^vmm: $2" /run/err || fail "$1: no match for: $2"
}

# start_command VMM-OPTION... -- COMMAND...: has a guest run COMMAND; its
# streams are COMMAND_INPUT, /run/out and /run/err.
COMMAND_INPUT=/dev/null

start_command()
{
    case " $* " in
    *" -k "*) ;;
    *) set -- -k "$GUEST_KERNEL" "$@" ;;
    esac
    # An earlier command's words are not this one's.
    : >/run/out
    : >/run/err
    vmm run --memory 256M "$@" \
        <"$COMMAND_INPUT" >/run/out 2>/run/err &
    VMM_PID=$!
}

# end_command STATUS OUTCOME: claims that the VMM ends with STATUS and says
# OUTCOME in its last line, and nowhere else.
end_command()
{
    status=0
    wait "$VMM_PID" || status=$?
    sed 's/^/err: /' /run/err
    [ "$status" -eq "$1" ] || fail "status $status instead of $1"
    [ "$(grep -c '^vmm: outcome=' /run/err)" -eq 1 ] ||
        fail "not one line that says the outcome"
    [ "$(tail -n 1 /run/err)" = "vmm: outcome=$2 status=$1" ] ||
        fail "the last line is: $(tail -n 1 /run/err)"
}

# print_device_tree NAME FILE: for check-device-tree to read afterwards.
print_device_tree()
{
    echo "device-tree: $1"
    base64 "$2"
    echo "device-tree: end"
}

# run_command STATUS OUTCOME [VMM-OPTION... --] COMMAND...
run_command()
{
    local status=$1 outcome=$2
    shift 2
    case " $* " in
    *" -- "*) start_command "$@" ;;
    *) start_command -- "$@" ;;
    esac
    end_command "$status" "$outcome"
}

# measure_server: what guests measure against, at MEASURE_PORT.
MEASURE_PORT=5001

measure_server()
{
    (cd /run && cpio -id bin/net_measure <"$GUEST_IMAGE")
    (/run/bin/net_measure serve "$MEASURE_PORT" &)
}

# what_is_open: descriptors and maps of the VMM.
what_is_open()
{
    echo "$(find "/proc/$VMM_PID/fd" -mindepth 1 | wc -l) descriptors," \
        "$(wc -l <"/proc/$VMM_PID/maps") maps"
}

# add_net NETWORK NAME: plugs a card in by /run/control; it must be NAME.
add_net()
{
    local name

    name=$(vmm net add /run/control "$1") || fail "net add $1"
    [ "$name" = "$2" ] || fail "the card is $name instead of $2"
}

# plug_in_and_out ROUNDS: the host's side of the guest's test hotplug, with the
# device sim1; sets early and late to what was open after the first round and
# the last.
plug_in_and_out()
{
    local first=$NET_DEVICE round

    wait_for 150 guest_said 1 '^guest: hotplug: ready' ||
        fail 'the guest is not up'
    for round in $(seq "$1"); do
        create_device sim1 vdpasim_net mac 52:54:00:12:34:57
        add_net "vdpa=$NET_DEVICE" "net$round"
        NET_DEVICE=$first
        wait_for 90 guest_said 1 "^guest: hotplug: works $round" ||
            fail "the guest did not get the card of round $round"
        vmm net remove /run/control "net$round" || fail "net remove net$round"
        # Nobody has it open: this returns at once.
        timeout 2 vdpa dev del sim1 || fail "round $round: vdpa dev del"
        late=$(what_is_open)
        [ "$round" -gt 1 ] || early=$late
        echo "round $round: $late"
    done
}
