# SPDX-License-Identifier: GPL-3.0-or-later
# Counts words and their neighbours in hashes.  Argument: a text.
use strict;
use warnings;

my (%count, %after, %length, $last);
while (my $line = <>) {
    for my $word (split ' ', lc $line) {
        $count{$word}++;
        $after{$last}{$word}++ if defined $last;
        push @{$length{length $word}}, $word unless $count{$word} > 1;
        $last = $word;
    }
}
my @best = (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 19];
for my $word (@best) {
    my $next = $after{$word};
    my ($most) = sort { $next->{$b} <=> $next->{$a} || $a cmp $b } keys %$next;
    print "$word $count{$word} $most ", scalar(keys %$next), "\n";
}
print "$_ ", scalar(@{$length{$_}}), "\n" for sort { $a <=> $b } keys %length;
