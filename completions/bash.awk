# SPDX-License-Identifier: BSD-2-Clause
# bash.awk: the completion for bash, from the lists that generate makes.
BEGIN {
    FS = "\t"
    print "# bash completion of vmm, made from its --help by completions/generate"
    print ""
    print "# The words that may come after $1, for the word $2."
    print "_vmm_offer()"
    print "{"
    print "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\")"
    print "}"
    print ""
    print "_vmm()"
    print "{"
    print "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}"
    print "    local command=${COMP_WORDS[1]} i"
    print ""
    print "    COMPREPLY=() # files then"
    print "    for ((i = 2; i < COMP_CWORD; i++)); do"
    print "        [ \"${COMP_WORDS[i]}\" != -- ] || return 0 # the guest's command"
    print "    done"
    print "    # \"--name=value\" comes as three words."
    print "    if [ \"$word\" = = ]; then"
    print "        word="
    print "    elif [ \"$before\" = = ]; then"
    print "        before=${COMP_WORDS[COMP_CWORD-2]}"
    print "    fi"
    print "    case $COMP_CWORD:$command:$before in"
}

{
    commands = commands (NR > 1 ? " " : "") $1
    words = $2
    name = $1
    if (words != "")
        second = second "    2:" name ":*) _vmm_offer '" words " --help' \"$word\" && return ;;\n"
    all = ""
    file = "options." name
    while ((getline line < file) > 0) {
        split(line, option, "\t")
        all = all (all == "" ? "" : " ") "--" option[1]
        if (option[2] != "")
            all = all " -" option[2]
        if (option[3] == "no")
            continue
        # After a blank, no value is taken that may be left out.
        pattern = "*:" name ":--" option[1]
        if (option[2] != "")
            pattern = pattern " | *:" name ":-" option[2]
        if (option[4] != "")
            values = values "    " pattern ") _vmm_offer '" option[4] "' \"$word\" && return ;;\n"
        else if (option[3] == "yes")
            values = values "    " pattern ") return ;;\n"
    }
    options = options "    *:" name ":*) [[ $word != -* ]] || _vmm_offer '" all "' \"$word\" ;;\n"
}

END {
    printf "    1:*) _vmm_offer '%s --help --version' \"$word\" && return ;;\n", commands
    printf "%s%s%s", second, values, options
    print "    esac"
    print "}"
    print ""
    print "complete -o default -F _vmm vmm"
}
