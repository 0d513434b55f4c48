// Package evidence packs what a site's journal says of a period into one file that anybody can check without the gateway, a network or a
// configuration, and checks such files.
//
// A pack has two parts. What was recorded: records, changes of verdict, alerts, policies, the state of the engine when the period began.
// And what follows from it: intervals, figures, gaps, lists and tables. The second is made by derive, from the first alone, whoever writes
// or checks: so a check makes it again and compares it byte for byte. What was recorded of verdicts is checked by judging the records again.
//
// docs/auditors.md says how a pack is used, READ-ME.txt in each pack what is in it.
package evidence
