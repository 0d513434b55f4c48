package main

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
)

// span are records that were named as damaged.
type span struct{ first, last int64 }

var (
	inWords = regexp.MustCompile(`records? (\d+)(?: to (\d+))? (?:is|are) (?:lost|changed|unreadable)`)
	inLog   = regexp.MustCompile(`first=(\d+) last=(\d+) what=(?:lost|changed|unreadable)`)
)

// named are the records that a log or the output of gerbang journal check says something of.
func named(text string) (all []span) {
	for _, pattern := range []*regexp.Regexp{inWords, inLog} {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			first, _ := strconv.ParseInt(m[1], 10, 64)
			last := first
			if m[2] != "" {
				last, _ = strconv.ParseInt(m[2], 10, 64)
			}
			all = append(all, span{first, last})
		}
	}
	return all
}

func covers(all []span, seq int64) bool {
	for _, s := range all {
		if s.first <= seq && seq <= s.last {
			return true
		}
	}
	return false
}

// union joins spans that overlap, so that nothing is counted twice.
func union(all []span) (joined []span) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	for _, s := range all {
		if n := len(joined); n > 0 && s.first <= joined[n-1].last {
			joined[n-1].last = max(joined[n-1].last, s.last)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}
