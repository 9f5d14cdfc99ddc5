# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# programs.sh: puts programs, with the libraries they load, into a folder
# that becomes an initramfs.

# add_libraries TREE FILE [ROOT]: what FILE loads, under the paths it has here
# or below ROOT, a folder with unpacked packages.
add_libraries()
{
    local tree=$1 file=$2 unpacked=${3:-} library place

    # ldd fails on a static program, which needs nothing.
    { LD_LIBRARY_PATH=$unpacked/usr/lib/$(uname -m)-linux-gnu \
        ldd "$file" 2>/dev/null || true; } | grep -o '/[^ ]*' |
        while read -r library; do
            place=$tree${library#"$unpacked"}
            [ -e "$place" ] && continue
            mkdir -p "${place%/*}"
            cp -L "$library" "$place"
        done || true
}

# add_program TREE FILE [NAME]: FILE as TREE/bin/NAME, and its libraries. FILE
# may be a library or a program's data, which keep their paths, or a folder
# whose content goes into TREE.
add_program()
{
    local tree=$1 file=$2 name=${3:-${2##*/}}

    mkdir -p "$tree/bin"
    if [ -d "$file" ]; then
        cp -r "$file/." "$tree"
        return
    fi
    case $file in
    *.so | *.so.* | /usr/share/*)
        mkdir -p "$tree${file%/*}"
        cp -L "$file" "$tree$file"
        ;;
    *) cp -L "$file" "$tree/bin/$name" ;;
    esac
    add_libraries "$tree" "$file"
}

# write_archive TREE FILE
write_archive()
{
    (cd "$1" && find . | LC_ALL=C sort |
        cpio --quiet -o -H newc -R 0:0 --reproducible) >"$2"
}
