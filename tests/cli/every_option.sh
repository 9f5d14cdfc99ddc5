# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# every_option.sh: holds tests/cli/run, which includes this file, to giving each
# option of each command a bad value at least once. What there is, --help says;
# that it says all, tests/lint/check-completions sees to.

# list_commands: a word each.
list_commands()
{
    "$VMM" --help | sed -n 's/^\(usage:\|      \) vmm \([a-z|]\+\) .*/\2/p' |
        tr '|' '\n' | sort -u
}

# list_options COMMAND: a line each: its long name, and whether it takes a
# value: yes, maybe or no.
list_options()
{
    local option='^  (   |-[a-zA-Z],) (--[a-z-]+)'

    "$VMM" "$1" --help | sed '/^example/,$d' | sed -n -E \
        -e "s/$option [^ ].*/\\2 yes/p;t" \
        -e "s/$option\\[=.*/\\2 maybe/p;t" \
        -e "s/$option.*/\\2 no/p;t" \
        -e '/\(also /{s/.*\(also (.*)\).*/\1/;s/-[a-z], //g;s/$/ yes/;s/, / yes\n/gp}'
}

# list_keys: those of --net and of --disk, a word each.
list_keys()
{
    "$VMM" run --help | grep -o -E ',[a-z]+(=|\||\])' | tr -d ',=|]' | sort -u
}

# note_keys WORD: the keys of a network or a disk that the message names.
note_keys()
{
    local part parts=()

    IFS=, read -ra parts <<<"$1"
    for part in "${parts[@]}"; do
        ! grep -q -w -e "${part%%=*}" "$work/stderr" ||
            echo "key ${part%%=*}" >>"$work/tried"
    done
}

# note_tried COMMAND ARGUMENT...: the last run refused these; an option is at
# fault when it stands alone or the message names it.
note_tried()
{
    local command=${1-} word options=()

    for word; do
        [ "$word" != -- ] || break
        [[ $word != --[a-z]* ]] || options+=("${word%%=*}")
        [[ $word != *,* ]] || note_keys "$word"
    done
    for word in "${options[@]}"; do
        if [ ${#options[@]} -eq 1 ] ||
            grep -q -E -e "$word([^a-z-]|\$)" "$work/stderr"; then
            echo "$command $word" >>"$work/tried"
        fi
    done
}

# A value too many, one too few, a letter too many.
test_every_option()
{
    local command option takes

    for command in $(list_commands); do
        while read -r option takes; do
            if [ "$takes" = no ]; then
                refuse_only "${command}_${option#--}_with_a_value" \
                    "$option takes no value, but got \"x\"" "$command" "$option=x"
            elif [ "$takes" = yes ]; then
                refuse_only "${command}_${option#--}_without_a_value" \
                    "$option needs a value, such as" "$command" "$option"
            fi
            refuse_only "${command}_${option#--}_misspelt" \
                "unknown option \"${option}x\": did you mean \"--" \
                "$command" "${option}x"
        done < <(list_options "$command")
    done
}

# After all others: which values were never wrong?
judge_tried()
{
    local command option takes untried=''

    for command in $(list_commands); do
        while read -r option takes; do
            [ "$takes" = no ] || grep -q -x -e "$command $option" "$work/tried" ||
                untried+=" $command $option,"
        done < <(list_options "$command")
    done
    for option in $(list_keys); do
        grep -q -x "key $option" "$work/tried" || untried+=" $option=,"
    done
    : >"$work/stderr"
    if [ -z "$untried" ]; then
        pass every_value_was_wrong_once
    else
        fail every_value_was_wrong_once "no bad value is tried of${untried%,}"
    fi
}
