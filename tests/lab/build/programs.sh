# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# programs.sh: puts programs, with the libraries they load, into a folder
# that becomes an initramfs.

# add_program TREE FILE [NAME]: FILE as TREE/bin/NAME, its libraries under
# the paths they have here. FILE may be a library or a program's data, which
# keep their paths too.
add_program()
{
    local tree=$1 file=$2 name=${3:-${2##*/}} library

    mkdir -p "$tree/bin"
    case $file in
    *.so | *.so.* | /usr/share/*)
        mkdir -p "$tree${file%/*}"
        cp -L "$file" "$tree$file"
        ;;
    *) cp -L "$file" "$tree/bin/$name" ;;
    esac
    # ldd fails on a static program, which needs nothing.
    { ldd "$file" 2>/dev/null || true; } | grep -o '/[^ ]*' |
        while read -r library; do
            [ -e "$tree$library" ] && continue
            mkdir -p "$tree${library%/*}"
            cp -L "$library" "$tree$library"
        done || true
}

# write_archive TREE FILE
write_archive()
{
    (cd "$1" && find . | LC_ALL=C sort |
        cpio --quiet -o -H newc -R 0:0 --reproducible) >"$2"
}
