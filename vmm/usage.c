/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage.c: what --help and --version print. docs/vmm.1 says more.
 */
#include "vmm/usage.h"

static const char program_help[] =
    "vmm - a small virtual machine monitor for guests on vDPA devices\n"
    "\n"
    "usage: vmm run [-k] KERNEL [OPTION]...   start a guest\n"
    "       vmm run [OPTION]... -- COMMAND    run a command in one\n"
    "       vmm vduse NAME [OPTION]...        make a vDPA device in software\n"
    "       vmm pause|resume|status SOCKET    ask something of a running vmm\n"
    "       vmm net add SOCKET NETWORK        give a running guest a network "
    "card\n"
    "       vmm net remove SOCKET NAME        take one from it\n"
    "       vmm trace check FILE              hold a trace against the rules\n"
    "       vmm doctor                        what this host has and lacks\n"
    "       vmm vdpa show [DEVICE]            all about its vDPA devices\n"
    "       vmm COMMAND --help                list the options of a command, "
    "as\n"
    "                                         does vmm help COMMAND\n"
    "       vmm --version\n"
    "\n"
    "example: a guest whose network card is the host's first vDPA device\n"
    "  vmm run bzImage -i initrd.cpio -a \"console=ttyS0\" \\\n"
    "      --net vdpa=/dev/vhost-vdpa-0\n"
    "\n"
    "example: a command in a guest with the kernel that this host runs\n"
    "  vmm run -- uname -a\n";

/* Those that a software device may have. */
#define NETWORKS                                                               \
    "  user                  connections that vmm makes as any program\n"      \
    "  tap=NAME              the host's tap interface NAME\n"                  \
    "  peer=PATH             a cable to another VM, by a UNIX socket\n"        \
    "followed, as far as the network has them, by\n"                           \
    "  ,mac=XX:XX:XX:XX:XX:XX\n"                                               \
    "  ,features=-NAME|+NAME hide the feature from the guest, or fail when\n"  \
    "                        the device does not offer it; may be repeated;\n" \
    "                        NAME is one of those at the end\n"                \
    "  ,mtu=68...65520       bytes of payload (default 1500; vdpa: its own)\n" \
    "  ,poll=auto|on|off     look for frames, or be notified of each\n"        \
    "  ,forward=tcp:127.0.0.1:2222:22\n"                                       \
    "                        user: the host's port 2222 is the guest's\n"      \
    "                        port 22; up to 16 times\n"                        \
    "  ,restrict=on|off      user: forwarded ports alone\n"                    \
    "  ,pcap=FILE            write its frames to FILE, for tcpdump -r; not "   \
    "vdpa\n"

/* Of --net features=. */
#define FEATURES                                                               \
    "Features of network cards\n"                                              \
    "  csum, guest_csum, ctrl_guest_offloads, mtu, mac, gso, guest_tso4,\n"    \
    "  guest_tso6, guest_ecn, guest_ufo, host_tso4, host_tso6, host_ecn,\n"    \
    "  host_ufo, mrg_rxbuf, status, ctrl_vq, ctrl_rx, ctrl_vlan,\n"            \
    "  ctrl_rx_extra, guest_announce, mq, ctrl_mac_addr, device_stats,\n"      \
    "  hash_tunnel, vq_notf_coal, notf_coal, guest_uso4, guest_uso6, "         \
    "host_uso,\n"                                                              \
    "  hash_report, guest_hdrlen, rss, rsc_ext, standby, speed_duplex,\n"      \
    "  notify_on_empty, any_layout, indirect_desc, event_idx, ring_packed,\n"  \
    "  in_order, order_platform, sr_iov, notification_data, "                  \
    "notif_config_data,\n"                                                     \
    "  ring_reset, admin_vq\n"                                                 \
    "\n"

static const char run_help[] =
    "usage: vmm run [-k] KERNEL [OPTION]... [-- COMMAND [ARGUMENT]...]\n"
    "       vmm run [OPTION]... -- COMMAND [ARGUMENT]...\n"
    "\n"
    "With a COMMAND the guest runs that, on this command's standard input and\n"
    "output, and vmm exits with its status; without a KERNEL, in the\n"
    "kernel built in this folder, or the running one.\n"
    "\n"
    "Kernel\n"
    "  -k, --kernel KERNEL   a bzImage or vmlinux, on arm64 an Image; the\n"
    "                        folder that one is built in; the version of one\n"
    "                        in /boot, or how it begins; the -k may be left\n"
    "                        out\n"
    "      --modules FOLDER  where its modules are (default: its own place)\n"
    "      --module NAME     one to load before the COMMAND beside those of\n"
    "                        vmm's devices, repeatable\n"
    "  -i, --initrd FILE     initial RAM disk\n"
    "  -a, --append STRING   kernel command line; repeated ones are joined\n"
    "                        (also --cmdline, -p, --params)\n"
    "\n"
    "Machine\n"
    "  -m, --memory SIZE     MiB, or with K, M, G or T (default 512)\n"
    "  -c, --cpus N          virtual CPUs, 1 to 255 (default 1)\n"
    "      --hugepages[=2M|1G]\n"
    "                        guest memory of the host's huge pages\n"
    "      --prealloc        allocate all guest memory at the start\n"
    "      --numa-node N     guest memory of the host's NUMA node N\n"
    "      --on-reset exit|restart\n"
    "                        what a guest's reboot does (default exit)\n"
    "      --debug-exit      QEMU's isa-debug-exit at port 0xf4 (on arm64 at\n"
    "                        0x40050000): a value V that the guest writes\n"
    "                        there ends the run, status V * 2 + 1\n"
    "\n"
    "Devices\n"
    "  -n, --net NETWORK     network card, up to 8 times\n"
    "      --vdpa PATH       a vDPA device of any type, as a disk, likewise\n"
    "  -d, --disk FILE[,ro|,snapshot]\n"
    "                        a disk, as /dev/vda, that this file or block\n"
    "                        device holds, up to 8 times; of a snapshot,\n"
    "                        what the guest writes is lost at the end\n"
    "      --control SOCKET  let \"vmm status SOCKET\" and its like ask this\n"
    "                        vmm\n"
    "      --console stdio|none\n"
    "                        the guest's serial port (default stdio);\n"
    "                        Ctrl-A x quits, Ctrl-A h lists the keys\n"
    "      --escape KEY      another key than ^A for that, such as ^], or "
    "none\n"
    "\n"
    "Networks\n"
    "  vdpa=PATH             a vDPA device: /dev/vhost-vdpa-0\n"
    "  vdpa-fd=N             a vDPA device that is open as descriptor "
    "N\n" NETWORKS "  ,queues=N             vdpa: at most N pairs of queues\n"
    "  ,doorbell=auto|require|off\n"
    "                        vdpa: the guest notifies the device itself\n"
    "and, for the guest of a COMMAND,\n"
    "  ,ip=ADDRESS/BITS|dhcp|none\n"
    "                        its address there (default dhcp for user, else\n"
    "                        none); so ,gateway=ADDRESS and ,dns=ADDRESS\n"
    "  ,name=NAME            the guest's name for the card, as eth0\n"
    "\n"
    "Command\n"
    "      --tty             give it a terminal, ours\n"
    "      --cwd FOLDER      run it there (default /)\n"
    "      --user NAME       as this user of the guest (default root)\n"
    "      --env NAME=VALUE  a variable for it, up to 32 times\n"
    "      --inject PATH[:GUESTPATH]\n"
    "                        bring it a file or folder, and what programs in\n"
    "                        there need to run; up to 64 times\n"
    "      --collect GUESTPATH:HOSTPATH\n"
    "                        fetch a file or folder of the guest when the\n"
    "                        command ended; up to 64 times\n"
    "      --kmsg FILE|stderr|none\n"
    "                        where the kernel's messages go (default none,\n"
    "                        but their end is shown after a bad end)\n"
    "\n"
    "Verdict\n"
    "  -t, --timeout TIME    how long the run may take: 60s, 500ms, 5m, 1h\n"
    "      --boot-timeout TIME\n"
    "                        how long until the COMMAND can start\n"
    "      --on-timeout sysrq|nmi|kill\n"
    "                        what comes before the end then (default sysrq;\n"
    "                        nmi: x86-64 alone)\n"
    "      --fail-on-splat[=FILE]\n"
    "                        a bug that the kernel reports is a failure,\n"
    "                        unless FILE has a line that is part of it\n"
    "\n"
    "Output\n"
    "      --report FILE     also write the report at the end to FILE; to a\n"
    "                        FILE.json all that is known of the run, as JSON\n"
    "      --counts FILE     and its counts, as NAME=VALUE, to this FILE\n"
    "      --require bypass  exit status 123 if kicks or interrupts of a vDPA\n"
    "                        device came to vmm, or had no other way\n"
    "      --trace vdpa[=FILE]\n"
    "                        each call on a vDPA device, and what led to it\n"
    "      --log FILE        vmm's own messages to FILE, too, even if quiet\n"
    "  -q, --quiet           errors only\n"
    "  -v, --verbose         every step\n"
    "  -h, --help            this text\n"
    "  -V, --version\n"
    "\n"
    "Scripts\n"
    "      --ready-fd N      write \"ready\" to descriptor N and close it "
    "when\n"
    "                        the guest runs, or is about to run the COMMAND\n"
    "      --pidfile FILE    a FILE with the number of this process appears\n"
    "                        then, and goes away at the end\n"
    "      --pdeathsig       end when the program that started this one ends\n"
    "      --dump-dtb FILE   write the machine's device tree to FILE "
    "(arm64)\n"
    "      --dry-run         print the command line with the main defaults, "
    "and\n"
    "                        start nothing\n"
    "\n"
    "Exit status\n"
    "  that of the COMMAND, 0 of a guest that powered off, or else one of\n"
    "  120 a panic, 121 a triple fault or an end before that of the COMMAND,\n"
    "  122 a bug of the kernel (--fail-on-splat), 123 no bypass (--require),\n"
    "  124 a timeout, 125 vmm or this host could not do it, 126 and 127 the\n"
    "  COMMAND does not run or is not there, 128+N signal N; the last line on\n"
    "  standard error says which, as in \"vmm: outcome=panic status=120\"\n"
    "\n" FEATURES "example: a program of this folder, in a guest that the bugs "
    "of its kernel\n"
    "and a minute end\n"
    "  vmm run bzImage --timeout 60s --fail-on-splat -- ./test all\n"
    "\n"
    "example: a guest of 2 GiB with two CPUs and two network cards\n"
    "  vmm run bzImage -i initrd.cpio -a \"console=ttyS0\" -m 2G -c 2 \\\n"
    "      --net vdpa=/dev/vhost-vdpa-0,mac=52:54:00:12:34:56 \\\n"
    "      --net user,forward=tcp:127.0.0.1:2222:22\n";

static const char control_help[] =
    "usage: vmm pause|resume|status SOCKET\n"
    "\n"
    "Asks something of the vmm that was started with \"vmm run --control "
    "SOCKET\":\n"
    "  pause                 let the guest and its devices stand still\n"
    "  resume                let them go on, with nothing lost\n"
    "  status                whether its guest runs, and its devices\n"
    "\n"
    "  -h, --help            this text\n"
    "\n"
    "example\n"
    "  vmm run bzImage --control /run/guest.sock &\n"
    "  vmm pause /run/guest.sock\n"
    "  vmm resume /run/guest.sock\n";

static const char net_help[] =
    "usage: vmm net add SOCKET NETWORK\n"
    "       vmm net remove SOCKET NAME [--force]\n"
    "\n"
    "Plugs a network card into the running guest of the vmm that was started\n"
    "with \"vmm run --control SOCKET\", or takes one out. NETWORK is as for\n"
    "\"vmm run --net\"; its files are those that the vmm there finds. \"add\"\n"
    "prints the card's name, and \"vmm status SOCKET\" lists all.\n"
    "\n"
    "      --force           do not wait for the guest: close the device, and\n"
    "                        leave it a card without a link until it lets go\n"
    "  -h, --help            this text\n"
    "\n"
    "example: another network card, for a while\n"
    "  vmm run bzImage --control /run/guest.sock &\n"
    "  name=$(vmm net add /run/guest.sock vdpa=/dev/vhost-vdpa-1)\n"
    "  vmm net remove /run/guest.sock \"$name\"\n";

static const char vduse_help[] =
    "usage: vmm vduse NAME [OPTION]...\n"
    "\n"
    "Makes a network card in software and, through the kernel's VDUSE, a vDPA\n"
    "device NAME of it, which has a /dev/vhost-vdpa-N like one of hardware.\n"
    "\n"
    "Device\n"
    "  -n, --net NETWORK     what it is connected to (default user)\n"
    "      --mac XX:XX:XX:XX:XX:XX\n"
    "      --mtu BYTES       68 to 65520 (default 1500)\n"
    "      --poll auto|on|off\n"
    "                        these three may also stand in --net\n"
    "      --reconnect       go on with the device NAME of a vmm that died,\n"
    "                        while its guest runs\n"
    "      --ready-fd N      write a line to descriptor N and close it when\n"
    "                        the device can be used\n"
    "\n"
    "Networks\n" NETWORKS "\n"
    "Output\n"
    "  -q, --quiet           errors only\n"
    "  -v, --verbose         every step\n"
    "  -h, --help            this text\n"
    "\n" FEATURES
    "example: a device, a guest on it, and the device again after a crash\n"
    "  modprobe -a vduse vhost_vdpa\n"
    "  vmm vduse net0 --net user &\n"
    "  vmm run bzImage -i initrd.cpio -a \"console=ttyS0\" \\\n"
    "      --net vdpa=/dev/vhost-vdpa-0\n"
    "  vmm vduse net0 --net user --reconnect &\n";

static const char trace_help[] =
    "usage: vmm trace check FILE\n"
    "\n"
    "Holds FILE, which \"vmm run --trace vdpa=FILE\" wrote, against the rules\n"
    "of the kernel's interface, and prints each breach with its line.\n"
    "\n"
    "  -q, --quiet           errors only\n"
    "  -v, --verbose         every step\n"
    "  -h, --help            this text\n"
    "\n"
    "The exit status is 0 if there was none, 1 if there were some.\n"
    "\n"
    "example: what differs between two kernels\n"
    "  vmm run bzImage --net vdpa=/dev/vhost-vdpa-0 --trace vdpa=new.txt\n"
    "  vmm trace check new.txt\n"
    "  bash -c 'diff <(cut -f1 old.txt) <(cut -f1 new.txt)'\n";

/* What every command takes that prints something else than this. */
#define MESSAGES                                                               \
    "  -q, --quiet           errors only\n"                                    \
    "  -v, --verbose         every step\n"                                     \
    "  -h, --help            this text\n"

static const char doctor_help[] =
    "usage: vmm doctor [--json]\n"
    "\n"
    "Says what this host offers to guests and what it lacks, each with what "
    "to\n"
    "do about it: KVM and how fast it really is, vDPA devices, VDUSE, memory\n"
    "limits, networks. The status is 0 when a guest can run. Nothing is\n"
    "changed.\n"
    "\n"
    "      --json            the same as one JSON object, for "
    "programs\n" MESSAGES "\n"
    "example: what is lacking here\n"
    "  vmm doctor --json | jq '.findings[] | select(.verdict != \"ok\")'\n";

static const char vdpa_help[] =
    "usage: vmm vdpa show [DEVICE]\n"
    "\n"
    "Says all about a vDPA device, such as /dev/vhost-vdpa-0, or about every\n"
    "one: type, driver, features and configuration by name, queues, "
    "addresses,\n"
    "and who uses it.\n"
    "\n" MESSAGES;

static const char version[] = "vmm " VMM_VERSION "\n";

const char *usage_text(enum options_command command)
{
    switch (command) {
    case COMMAND_VERSION:
        return version;
    case COMMAND_RUN:
        return run_help;
    case COMMAND_VDUSE:
        return vduse_help;
    case COMMAND_CONTROL:
        return control_help;
    case COMMAND_NET:
        return net_help;
    case COMMAND_TRACE:
        return trace_help;
    case COMMAND_DOCTOR:
        return doctor_help;
    case COMMAND_VDPA:
        return vdpa_help;
    case COMMAND_NONE:
    default:
        return program_help;
    }
}
