package signon

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/gerbang-iot/gerbang/accounts"
)

// Bounds of what a provider says of somebody.
const (
	mostGroups = 500
	mostName   = 60 // characters
	mostClaim  = 200
)

// Finish asks the provider who came back with a ticket and a query, and gives where he wanted to go as well. A ticket is good once, whatever comes of
// it. The error is one of this package, *ClockError, or of the client's secret.
func (p *Provider) Finish(ctx context.Context, sealed string, query url.Values) (*Identity, string, error) {
	t := p.open(sealed)
	if t == nil {
		return nil, "", ErrBegin
	}
	for _, values := range query {
		if len(values) > 1 {
			return nil, "", ErrBegin
		}
	}
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(t.State)) != 1 {
		return nil, "", ErrBegin
	}
	if iss := query.Get("iss"); iss != "" && iss != p.o.Issuer { // RFC 9207: another provider's answer
		return nil, "", fmt.Errorf("%w: it is of another issuer", ErrToken)
	}
	if !p.use(t) {
		return nil, "", ErrUsed
	}
	switch query.Get("error") {
	case "":
	case "access_denied", "interaction_required", "login_required", "consent_required", "account_selection_required":
		return nil, "", ErrDenied
	case "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_response_type":
		return nil, "", fmt.Errorf("%w: %s", ErrClient, cut(query.Get("error"), mostClaim))
	default:
		return nil, "", fmt.Errorf("%w: it says %s", ErrDown, cut(query.Get("error"), mostClaim))
	}
	if query.Get("code") == "" {
		return nil, "", ErrBegin
	}
	select {
	case p.asks <- struct{}{}:
		defer func() { <-p.asks }()
	default:
		return nil, "", ErrBusy
	}
	id, err := p.identify(ctx, t, query.Get("code"))
	return id, t.Next, err
}

// identify trades a code for what the provider says of somebody, and checks all of it.
func (p *Provider) identify(ctx context.Context, t *ticket, code string) (*Identity, error) {
	f, err := p.ask(ctx)
	if err != nil {
		return nil, err
	}
	c, err := p.client(f)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.o.Client), 2*AskFor)
	defer cancel()
	token, err := c.Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.Response != nil && refused.Response.StatusCode < 500 {
		if refused.ErrorCode == "invalid_client" || refused.ErrorCode == "unauthorized_client" || refused.ErrorCode == "" && refused.Response.StatusCode == 401 {
			return nil, ErrClient
		}
		return nil, fmt.Errorf("%w: the code is refused (%s)", ErrToken, cut(refused.ErrorCode, mostClaim))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDown, err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return nil, fmt.Errorf("%w: it gives no ID token", ErrToken)
	}
	id, err := f.verifier.Verify(ctx, raw)
	if err != nil {
		if ctx.Err() != nil || strings.Contains(err.Error(), "fetching keys") {
			return nil, fmt.Errorf("%w: %w", ErrDown, err)
		}
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	if err := p.believable(id, t, claims); err != nil {
		return nil, err
	}
	if _, there := at(claims, p.o.GroupsClaim); !there && f.provider.UserInfoEndpoint() != "" {
		p.more(ctx, f, token, id.Subject, claims)
	}
	return p.identityOf(id.Subject, claims), nil
}

// believable checks what the library does not: that the token answers this log-in, is for nobody else, and is of now.
func (p *Provider) believable(id *oidc.IDToken, t *ticket, claims map[string]any) error {
	if id.Nonce == "" || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(t.Nonce)) != 1 {
		return fmt.Errorf("%w: it answers another log-in", ErrToken)
	}
	if azp, there := claims["azp"]; there && azp != p.o.ClientID || !there && len(id.Audience) > 1 {
		return fmt.Errorf("%w: it is for another client", ErrToken)
	}
	if id.Subject == "" || len(id.Subject) > 255 {
		return fmt.Errorf("%w: it names nobody", ErrToken)
	}
	now := p.o.Now()
	if ahead := now.Sub(id.IssuedAt); !id.IssuedAt.IsZero() && (ahead > Skew+time.Minute || ahead < -Skew) { // it was issued a moment ago
		return &ClockError{Ahead: ahead}
	}
	if now.After(id.Expiry.Add(Skew)) {
		return fmt.Errorf("%w: it has expired", ErrToken)
	}
	return nil
}

// more adds what the provider tells about somebody only where it is asked for that: groups, for some. A failure leaves him without.
func (p *Provider) more(ctx context.Context, f *found, token *oauth2.Token, subject string, claims map[string]any) {
	info, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		p.log.Warn("the provider does not tell the groups of somebody", "issuer", p.o.Issuer, "err", err)
		return
	}
	says := map[string]any{}
	if info.Subject != subject || info.Claims(&says) != nil {
		return
	}
	for name, value := range says {
		if _, there := claims[name]; !there {
			claims[name] = value
		}
	}
}

// identityOf takes of all that is said what is needed: a name and the groups.
func (p *Provider) identityOf(subject string, claims map[string]any) *Identity {
	id := &Identity{Issuer: p.o.Issuer, Subject: subject}
	for _, claim := range []string{"name", "preferred_username"} {
		if name, ok := claims[claim].(string); ok && id.Name == "" {
			id.Name = cut(strings.TrimSpace(name), mostName)
		}
	}
	groups, _ := at(claims, p.o.GroupsClaim)
	switch groups := groups.(type) {
	case string:
		id.Groups = []string{groups}
	case []any:
		for _, g := range groups {
			if g, ok := g.(string); ok && len(id.Groups) < mostGroups {
				id.Groups = append(id.Groups, cut(g, mostClaim))
			}
		}
	}
	id.Posts = postsOf(p.o.Roles, id.Groups)
	return id
}

// at finds a claim; dots lead from object to object, unless there is a claim of the whole name.
func at(claims map[string]any, path string) (any, bool) {
	if value, ok := claims[path]; ok {
		return value, true
	}
	first, rest, more := strings.Cut(path, ".")
	inner, ok := claims[first].(map[string]any)
	if !more || !ok {
		return nil, false
	}
	return at(inner, rest)
}

// postsOf are the roles that groups give: each once, at the sites of all groups that give it.
func postsOf(roles []Mapping, groups []string) []accounts.Post {
	var posts []accounts.Post
	for _, role := range accounts.Roles() {
		post, has, everywhere := accounts.Post{Role: role}, false, false
		for _, m := range roles {
			if m.Role == role && slices.Contains(groups, m.Group) {
				has, everywhere = true, everywhere || len(m.Sites) == 0
				post.Sites = append(post.Sites, m.Sites...)
			}
		}
		if !has {
			continue
		}
		slices.Sort(post.Sites)
		if post.Sites = slices.Compact(post.Sites); everywhere {
			post.Sites = nil
		}
		posts = append(posts, post)
	}
	return posts
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
