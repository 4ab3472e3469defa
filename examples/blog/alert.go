package main

import (
	"context"
	"log/slog"

	"github.com/rbac-go/rbac"
)

// alert returns the receiver of events, which writes a warning into the log for
// each event that somebody should look at. The Authority logs the other events
// by itself, and the change log of the store keeps every change.
func alert(log *slog.Logger) func(context.Context, rbac.Event) {
	return func(ctx context.Context, e rbac.Event) {
		byPerson := e.Actor != "" && e.Actor != program
		var why string
		switch {
		case e.Kind == rbac.EventThrottled:
			why = "somebody guesses the password of a user, or locks the user out"
		case e.Kind == rbac.EventDenied && e.User != "":
			why = "a user has tried what the user may not do"
		case e.Kind == rbac.EventPasswordChanged && byPerson && e.Actor != e.User:
			why = "somebody else has set the password of a user"
		case e.Kind == rbac.EventRightsChanged && byPerson && e.Change.Object == "managers":
			why = "the managers have changed"
		case e.Kind == rbac.EventPolicyChanged && byPerson:
			why = "the rights of a group have changed"
		case e.Kind == rbac.EventStoreLost:
			why = "the store does not answer"
		default:
			return
		}
		log.LogAttrs(ctx, slog.LevelWarn, "alert: "+why, e.LogValue().Group()...)
	}
}
