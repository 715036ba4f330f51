# SPDX-License-Identifier: GPL-3.0-or-later
# Words and sums in associative arrays, with a few substitutions.
{
    for (i = 1; i <= NF; i++) {
        w = tolower($i)
        gsub(/[^a-z0-9.]/, "", w)
        count[w]++
        if (w ~ /^[0-9]+\.[0-9]+$/)
            sum += w
    }
    lengths[length($0) % 64] += NF
    if (match($0, /[aeiou][aeiou][aeiou]/))
        vowels[substr($0, RSTART, RLENGTH)]++
}
END {
    for (w in count)
        if (count[w] > best || (count[w] == best && w < word)) {
            best = count[w]
            word = w
        }
    n = asorti(vowels, order)
    for (i = 1; i <= n; i++)
        out = out " " order[i] "=" vowels[order[i]]
    for (i = 0; i < 64; i++)
        total += i * lengths[i]
    printf "%d %s %d %.3f %d%s\n", NR, word, best, sum, total, out
}
