# SPDX-License-Identifier: BSD-2-Clause
# fish.awk: the completion for fish, from the lists that generate makes.
BEGIN {
    FS = "\t"
    print "# fish completion of vmm, made from its --help by completions/generate"
    print "complete -c vmm -n __fish_use_subcommand -l help -d 'list the commands'"
    print "complete -c vmm -n __fish_use_subcommand -l version -d 'show the version'"
}

function quoted(text)
{
    gsub(/\\/, "&&", text)
    gsub(/'/, "\\'", text)
    return "'" text "'"
}

{
    print "complete -c vmm -n __fish_use_subcommand -f -a " $1 " -d " quoted($3)
    when = "complete -c vmm -n '__fish_seen_subcommand_from " $1 "'"
    words = $2
    if (words != "")
        print when " -f -a " quoted(words)
    file = "options." $1
    while ((getline line < file) > 0) {
        split(line, option, "\t")
        text = when " -l " option[1]
        if (option[2] != "")
            text = text " -s " option[2]
        if (option[3] == "yes")
            text = text " -r" (option[5] == "else" ? " -f" : "")
        # Those that may take none are completed after "=".
        if (option[4] != "")
            text = text " -a " quoted(option[4])
        print text " -d " quoted(option[6])
    }
}
