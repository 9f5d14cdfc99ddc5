# SPDX-License-Identifier: BSD-2-Clause
# pairs.awk: makes a table of lines "figure SUBJECT WHO VALUE", WHO being vmm
# or a peer, the same one for all, and SUBJECT with _ for spaces: each side's
# median, and the median, least and greatest ratio of the two of a pair. The
# n-th of each are a pair.

function sort(list, count,    i, j, swap) {
    for (i = 2; i <= count; i++)
        for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
            swap = list[j]
            list[j] = list[j - 1]
            list[j - 1] = swap
        }
}

# median(SUBJECT, WHO): "-" when there is none.
function median(subject, who,    list, count, i) {
    count = counts[subject, who]
    for (i = 1; i <= count; i++)
        list[i] = values[subject, who, i]
    sort(list, count)
    return count ? list[int((count + 1) / 2)] : "-"
}

function ratio(subject,    list, count, i) {
    for (i = 1; (subject, peer, i) in values; i++)
        if ((subject, "vmm", i) in values && values[subject, peer, i] > 0)
            list[++count] = values[subject, "vmm", i] / \
                values[subject, peer, i]
    sort(list, count)
    if (!count)
        return "-"
    return sprintf("%.2f (%.2f to %.2f)", list[int((count + 1) / 2)], \
                   list[1], list[count])
}

$1 == "figure" {
    if (!($2 in seen)) {
        seen[$2] = 1
        subjects[++num_subjects] = $2
    }
    if ($3 != "vmm")
        peer = $3
    values[$2, $3, ++counts[$2, $3]] = $4 + 0
}

END {
    name = peer == "qemu" ? "QEMU" : peer
    printf "%-46s %9s %9s  %s\n", "", "vmm", name, "vmm / " name
    for (i = 1; i <= num_subjects; i++) {
        label = subjects[i]
        gsub(/_/, " ", label)
        printf "%-46s %9s %9s  %s\n", label, median(subjects[i], "vmm"), \
            median(subjects[i], peer), ratio(subjects[i])
    }
}
