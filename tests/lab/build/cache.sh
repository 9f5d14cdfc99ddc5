# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# cache.sh: where the lab keeps what it has built, and under which names.
#
# An entry is a folder NAME-HASH of the cache; HASH covers everything the
# entry is made from, so a changed input gets a new entry and an entry never
# changes. What is for another architecture than x86 is NAME-ARCH-HASH. Sourced
# by tests/lab/setup and tests/lab/lab.

lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root_dir=$(cd "$lab_dir/../.." && pwd)
# The architecture of L1 and of its guests, after vmm/: x86 or arm64
lab_arch=${LAB_ARCH:-x86}
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

# debian_arch: what Debian calls the lab's architecture.
debian_arch()
{
    case $lab_arch in
    x86) echo amd64 ;;
    *) echo "$lab_arch" ;;
    esac
}

# triplet: what compilers call it.
triplet()
{
    case $lab_arch in
    x86) echo x86_64-linux-gnu ;;
    arm64) echo aarch64-linux-gnu ;;
    esac
}

# kernel_image: what its kernel's image is called.
kernel_image()
{
    case $lab_arch in
    x86) echo bzImage ;;
    arm64) echo Image ;;
    esac
}

# compiler_prefix: of the compiler and its tools that make programs for L1.
compiler_prefix()
{
    [ "$lab_arch" = x86 ] || echo "$(triplet)-"
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
# "6.12.95-1~bpo12+1 6.12.95+deb12-cloud-amd64". Written once by setup. Other
# architectures' kernels are of the same version.
kernel_pin_file()
{
    echo "$cache/kernel-$(release_codename)"
}

# inputs_of ENTRY: prints whatever decides what the entry's builder makes.
inputs_of()
{
    local build=$lab_dir/build

    case $1 in
    packages)
        cat "$(kernel_pin_file)"
        [ "$lab_arch" = x86 ] || cat "$build/packages"
        ;;
    userland)
        # "setup --update" looks for newer ones too.
        cat "$(kernel_pin_file)" "$build/userland" "$build/unpack-packages" \
            "$build/private-apt"
        ;;
    small-kernel)
        entry_name packages
        # Remarks do not count; "# CONFIG_X is not set" is none.
        cat "$lab_dir/kernel.config" "$lab_dir/kernel.config.$lab_arch" |
            grep -E 'CONFIG_'
        cat "$build/small-kernel"
        ;;
    stock-kernel)
        entry_name packages
        cat "$build/stock-kernel"
        ;;
    debian-kernel)
        entry_name packages
        cat "$build/debian-kernel"
        ;;
    selftests)
        entry_name packages
        cat "$build/selftests" "$root_dir/docs/examples/build-selftests"
        dpkg-query -W libc6-dev
        ;;
    device-tree-schema)
        entry_name packages
        cat "$build/device-tree-schema"
        dpkg-query -W dt-schema
        ;;
    guest-image)
        entry_name small-kernel
        entry_name stock-kernel
        cat "$build/guest-image"
        (cd "$root_dir/guest/linux" && find . -type f | LC_ALL=C sort |
            xargs sha256sum)
        userland_inputs busybox-static
        ;;
    l1-image)
        entry_name stock-kernel
        cat "$build/l1-image" "$build/programs.sh" "$lab_dir"/l1/*.c
        userland_inputs busybox-static iproute2 strace libc6
        ;;
    peers)
        # "setup --update" looks for newer ones too.
        cat "$(kernel_pin_file)" "$build/peers" "$build/unpack-packages" \
            "$build/programs.sh" "$build/private-apt"
        [ "$lab_arch" != x86 ] || dpkg-query -W qemu-system-x86 libc6
        ;;
    virtme-ng)
        cat "$(kernel_pin_file)" "$build/virtme-ng" "$build/private-apt"
        ;;
    download)
        cat "$build/download"
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

# userland_inputs PACKAGE...: what is taken from these, and what compiles.
userland_inputs()
{
    if [ "$lab_arch" = x86 ]; then
        dpkg-query -W "$@" libc6-dev
    else
        entry_name userland
        dpkg-query -W "libc6-dev-$lab_arch-cross"
    fi
}

entry_name()
{
    local hash

    hash=$(inputs_of "$1" | sha256sum)
    case $lab_arch:$1 in
    x86:* | *:download) echo "$1-${hash:0:16}" ;;
    *) echo "$1-$lab_arch-${hash:0:16}" ;;
    esac
}

entry_path()
{
    echo "$cache/$(entry_name "$1")"
}

# userland: below which folder L1's and the guest's programs are; nothing means
# this machine's own.
userland()
{
    [ "$lab_arch" = x86 ] || entry_path userland
}
