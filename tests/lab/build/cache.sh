# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# cache.sh: where the lab keeps what it has built, and under which names.
#
# An entry is a folder NAME-HASH of the cache; HASH covers everything the
# entry is made from, so a changed input gets a new entry and an entry never
# changes. Sourced by tests/lab/setup and tests/lab/lab.

lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root_dir=$(cd "$lab_dir/../.." && pwd)
cache=${VMM_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:?neither HOME nor XDG_CACHE_HOME is set; set VMM_LAB_CACHE to a folder}/.cache}/vmm-lab}

say()
{
    echo "lab: $*"
}

# Exit status of the lab's programs where the machine, not the project, is at
# fault: scenarios are then skipped aloud instead of failed.
readonly CANNOT_RUN=3

# cannot_run REASON
cannot_run()
{
    say "$*" >&2
    exit "$CANNOT_RUN"
}

release_codename()
{
    (
        VERSION_CODENAME=
        # shellcheck source=/dev/null
        . /etc/os-release
        echo "$VERSION_CODENAME"
    )
}

# The file that pins the kernel: "PACKAGE-VERSION ABI", for example
# "6.12.95-1~bpo12+1 6.12.95+deb12-cloud-amd64". Written once by setup.
kernel_pin_file()
{
    echo "$cache/kernel-$(release_codename)"
}

# inputs_of ENTRY: prints whatever decides what the entry's builder makes.
inputs_of()
{
    case $1 in
    packages)
        cat "$(kernel_pin_file)"
        ;;
    small-kernel)
        entry_name packages
        # Remarks do not count; "# CONFIG_X is not set" is none.
        grep -E 'CONFIG_' "$lab_dir/kernel.config"
        cat "$lab_dir/build/small-kernel"
        ;;
    stock-kernel)
        entry_name packages
        cat "$lab_dir/build/stock-kernel"
        ;;
    debian-kernel)
        entry_name packages
        cat "$lab_dir/build/debian-kernel"
        ;;
    selftests)
        entry_name packages
        cat "$lab_dir/build/selftests" "$root_dir/docs/examples/build-selftests"
        dpkg-query -W libc6-dev
        ;;
    guest-image)
        entry_name small-kernel
        entry_name stock-kernel
        cat "$lab_dir/build/guest-image"
        (cd "$root_dir/guest/linux" && find . -type f | LC_ALL=C sort |
            xargs sha256sum)
        dpkg-query -W busybox-static libc6-dev
        ;;
    l1-image)
        entry_name stock-kernel
        cat "$lab_dir/build/l1-image" "$lab_dir/build/programs.sh" \
            "$lab_dir"/l1/*.c
        dpkg-query -W busybox-static iproute2 strace libc6
        ;;
    peers)
        # "setup --update" looks for newer ones too.
        cat "$(kernel_pin_file)" "$lab_dir/build/peers" \
            "$lab_dir/build/private-apt"
        dpkg-query -W qemu-system-x86 libc6
        ;;
    download)
        cat "$lab_dir/build/download"
        ;;
    sysroot-*)
        echo "$1 $(release_codename)"
        cat "$root_dir/tests/setup/sysroot" "$lab_dir/build/private-apt"
        ;;
    *)
        echo "cache.sh: there is no entry $1" >&2
        return 1
        ;;
    esac
}

entry_name()
{
    local hash

    hash=$(inputs_of "$1" | sha256sum)
    echo "$1-${hash:0:16}"
}

entry_path()
{
    echo "$cache/$(entry_name "$1")"
}
