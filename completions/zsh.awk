# SPDX-License-Identifier: BSD-2-Clause
# zsh.awk: the completion for zsh, from the lists that generate makes.
BEGIN {
    FS = "\t"
    print "#compdef vmm"
    print "# zsh completion of vmm, made from its --help by completions/generate"
}

# As it must be between the brackets of _arguments, in single quotes.
function escaped(text)
{
    gsub(/[\]\[:]/, "\\\\&", text)
    gsub(/'/, "'\\''", text)
    return text
}

function action(option)
{
    if (option[3] == "no")
        return ""
    return (option[3] == "maybe" ? "::" : ":") option[1] ":" \
        (option[4] != "" && option[5] == "file" ? "{_alternative \"words\\:word\\:(" option[4] ")\" \"files\\:file\\:_files\"}" : \
        option[4] != "" ? "(" option[4] ")" : \
        option[5] == "file" ? "_files" : \
        option[5] == "folder" ? "_files -/" : " ")
}

{
    described = described "        '" $1 ":" escaped($3) "'\n"
    cases = cases "    " $1 ")\n        _arguments -s \\\n"
    file = "options." $1
    while ((getline line < file) > 0) {
        split(line, option, "\t")
        after = "[" escaped(option[6]) "]" action(option)
        # A value that may be left out comes after "=" alone.
        name = "--" option[1] (option[3] == "maybe" ? "=-" : option[3] == "yes" ? "=" : "")
        cases = cases "            '*" name after "' \\\n"
        if (option[2] != "")
            cases = cases "            '*-" option[2] (option[3] == "yes" ? "+" : "") after "' \\\n"
    }
    words = $2
    if (words != "")
        cases = cases "            '1:action:(" words ")' \\\n"
    cases = cases "            '*:file:_files'\n        ;;\n"
}

END {
    print ""
    print "_vmm()"
    print "{"
    print "    local -a commands"
    print "    commands=("
    printf "%s", described
    print "    )"
    print "    if ((CURRENT == 2)); then"
    print "        _describe command commands"
    print "        _arguments '--help[list the commands]' '--version[show the version]'"
    print "        return"
    print "    fi"
    print "    if ((words[(i)--] < CURRENT)); then"
    print "        _files # the guest's command"
    print "        return"
    print "    fi"
    print "    shift words"
    print "    ((CURRENT--))"
    print "    case $words[1] in"
    printf "%s", cases
    print "    esac"
    print "}"
    print ""
    print "_vmm \"$@\""
}
