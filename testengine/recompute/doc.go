// Package recompute computes a site's verdicts a second time: simple and slow, for any moment anew from all records at once. It
// shares no code with package rules, so that a fault in the one does not hide in the other; a test holds both against each other.
//
// Besides zones, doors and tasks it judges devices by themselves (silence, outages, clocks, refused and lost messages, frozen values,
// batteries, tampering, dead counters), the credibility of thermometers, what expressions ask of counts in periods, and, from counts alone,
// whose fault it is that doors do not add up.
//
// It is written from the reference (configs/REFERENCE.md, docs/counting.md, docs/counters.md, the comments of the rules' parameters), keeps no state
// from one question to the next, forgets nothing and thins nothing out. What it knows of people is exact for counters of accuracy
// 1 that promise an interval: what others miss, and how long they are usually silent, is learned in steps, and that is not
// repeated here.
package recompute
