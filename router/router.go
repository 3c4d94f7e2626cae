// Package router is the funnel that every mail takes, whichever door it came
// in by: inspect, read, decide, post.
//
// It knows the policy and no protocol, socket, database or clock. A decision
// is a function of the roll of who is who and of the submission; its result is
// one gsp.Posting that the store makes true at once, or one gsp.Refusal, of
// which the store keeps an event and nothing of the mail.
package router
