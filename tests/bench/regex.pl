# SPDX-License-Identifier: GPL-3.0-or-later
# Regular expressions and substitutions, line by line.  Argument: a text.
use strict;
use warnings;

my ($ing, $twins, $numbers, $pairs, $long, $sum) = (0) x 6;
while (my $line = <>) {
    $ing++ while $line =~ /\b[a-z]+ing\b/g;
    $twins += () = $line =~ /(\w)(\w)\2\1/g;
    $sum += $1 while $line =~ /(\d+\.\d+)/g;
    $pairs++ if $line =~ /^.*?([aeiou]{3}).*?\b(\w+)\b.*\2/;
    (my $swapped = $line) =~ s/(\w+) (\w+)/$2 $1/g;
    $swapped =~ tr/a-y/b-z/;
    $long += length join '-', sort split /[ ,.]+/, $swapped;
}
printf "%d %d %.3f %d %d\n", $ing, $twins, $sum, $pairs, $long;
