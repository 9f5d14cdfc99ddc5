# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# programs.sh: puts programs, with the libraries they load, into a folder
# that becomes an initramfs. Whoever sources it has sourced cache.sh before.
#
# What it reads may be another architecture's, so nothing of it is run.

# find_program NAME: the file of a program of L1's userland.
find_program()
{
    local folder

    for folder in "$(userland)"/{,usr/}{s,}bin; do
        [ ! -x "$folder/$1" ] || { echo "$folder/$1" && return; }
    done
    echo "programs.sh: there is no program $1" >&2
    return 1
}

# find_library NAME [ROOT]: the file of a library, or of what has NAME as its
# path; below ROOT, a folder with unpacked packages, or of L1's userland.
# Nothing when there is none.
find_library()
{
    local root folder

    for root in ${2:+"$2"} "$(userland)"; do
        case $1 in
        /*) [ ! -e "$root$1" ] || { echo "$root$1" && return; } ;;
        *)
            for folder in "$root"/{,usr/,usr/local/}lib{/"$(triplet)",}; do
                [ ! -e "$folder/$1" ] || { echo "$folder/$1" && return; }
            done
            ;;
        esac
    done
}

# needed_by FILE: the libraries and the dynamic linker that FILE names.
needed_by()
{
    { readelf --wide --dynamic --program-headers "$1" 2>/dev/null || true; } |
        sed -n -e 's/.*(NEEDED).*\[\(.*\)\]/\1/p' \
            -e 's/.*Requesting program interpreter: \(.*\)\]/\1/p'
}

# place_of FILE [ROOT]: the path that FILE has in L1.
place_of()
{
    local place=$1

    [ -z "${2:-}" ] || place=${place#"$2"}
    echo "${place#"$(userland)"}"
}

# add_libraries TREE FILE [ROOT]: what FILE loads, under the paths it has here,
# in L1's userland or below ROOT, a folder with unpacked packages.
add_libraries()
{
    local tree=$1 root=${3:-} name library place

    for name in $(needed_by "$2"); do
        library=$(find_library "$name" "$root")
        # What a program has in a folder of its own, it finds there.
        [ -n "$library" ] || continue
        place=$tree$(place_of "$library" "$root")
        [ ! -e "$place" ] || continue
        mkdir -p "${place%/*}"
        cp -L "$library" "$place"
        add_libraries "$tree" "$library" "$root"
    done
}

# add_program TREE FILE [NAME]: FILE as TREE/bin/NAME, and its libraries. FILE
# may be a library or a program's data, which keep their paths, or a folder
# whose content goes into TREE.
add_program()
{
    local tree=$1 file=$2 name=${3:-${2##*/}} place

    mkdir -p "$tree/bin"
    if [ -d "$file" ]; then
        cp -r "$file/." "$tree"
        return
    fi
    place=$(place_of "$file")
    case $place in
    *.so | *.so.* | /usr/share/*)
        mkdir -p "$tree${place%/*}"
        cp -L "$file" "$tree$place"
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
