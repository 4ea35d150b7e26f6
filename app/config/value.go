package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// rule checks a text and gives its canonical form. Its error says what the value must be, and never repeats it.
type rule func(string) (string, error)

type setter = func(*Config, string, value) error

// text is a field with one value.
func text(check rule, put func(*Config, string)) setter {
	return func(c *Config, _ string, v value) error {
		s, err := check(v.text)
		if err == nil {
			put(c, s)
		}
		return err
	}
}

// platform is a field of one platform.
func platform(check rule, put func(*Platform, string)) setter {
	return func(c *Config, name string, v value) error {
		s, err := check(v.text)
		if err != nil {
			return err
		}
		if c.Platforms == nil {
			c.Platforms = map[string]Platform{}
		}
		p := c.Platforms[name]
		put(&p, s)
		c.Platforms[name] = p
		return nil
	}
}

type prefixes []netip.Prefix

// networks is a field with a list of CIDR ranges; a lone address means itself.
func networks(at func(*Config) *prefixes) setter {
	return func(c *Config, _ string, v value) error {
		list := at(c)
		*list = nil
		for _, s := range v.list {
			p, err := network(s)
			if err != nil {
				return err
			}
			*list = append(*list, p)
		}
		return nil
	}
}

func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("must list networks like 10.0.0.0/8 or fd00::/8; %q isn't one", s)
	}
	if p.Masked() != p {
		return p, fmt.Errorf("has %s, which has bits after the slash's length; write %s", p, p.Masked())
	}
	return p, nil
}

// hosts is a field with a list of host names.
func hosts(put func(*Config, []string)) setter {
	return func(c *Config, _ string, v value) error {
		var list []string
		for _, s := range v.list {
			name := strings.ToLower(strings.TrimSuffix(s, "."))
			if !hostName(name) || !strings.Contains(name, ".") {
				return fmt.Errorf("must list host names like posts.example.org; %q isn't one", s)
			}
			list = append(list, name)
		}
		put(c, list)
		return nil
	}
}

func hostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for _, label := range strings.Split(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return false
		}
	}
	_, err := netip.ParseAddr(s)
	return err != nil
}

func anything(s string) (string, error) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", errors.New("must not hold line breaks or control signs")
	}
	return s, nil
}

// optional lets the empty value through.
func optional(check rule) rule {
	return func(s string) (string, error) {
		if s == "" {
			return "", nil
		}
		return check(s)
	}
}

func path(s string) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", errors.New("must name a folder")
	}
	if _, err := anything(s); err != nil {
		return "", err
	}
	return filepath.Clean(s), nil
}

func address(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", errors.New("must be an address with a port, like 127.0.0.1:8080 or [::1]:8080")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return "", errors.New("must end in a port from 0 to 65535")
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && !hostName(host) {
		return "", errors.New("must begin with an IP address or a host name")
	}
	return s, nil
}

// parts reads an address and refuses what no key wants; schemes are the allowed ones.
func parts(s string, schemes ...string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" {
		return nil, fmt.Errorf("must be a URL that starts with %s", starts(schemes))
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme {
			if u.Fragment != "" {
				return nil, errors.New("must not hold a #")
			}
			return u, nil
		}
	}
	return nil, fmt.Errorf("must start with %s", starts(schemes))
}

func starts(schemes []string) string {
	list := make([]string, len(schemes))
	for i, s := range schemes {
		list[i] = s + "://"
	}
	return either(list)
}

func either(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}

// query refuses parameters that mean nothing.
func query(u *url.URL, allowed ...string) (url.Values, error) {
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("must have readable parameters after the ?")
	}
	for name, values := range q {
		if len(values) > 1 {
			return nil, fmt.Errorf("must name %q once", name)
		}
		if !contains(allowed, name) {
			return nil, fmt.Errorf("has the parameter %q, which is none of %s%s", name, either(allowed), meant(name, allowed))
		}
	}
	return q, nil
}

func meant(given string, allowed []string) string {
	if near := closest(given, allowed); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

// web is an http or https address with a host.
func web(s string) (*url.URL, error) {
	u, err := parts(s, "https", "http")
	if err != nil {
		return nil, err
	}
	if u.Hostname() == "" {
		return nil, errors.New("must name a host")
	}
	if u.RawQuery != "" || u.ForceQuery {
		return nil, errors.New("must not hold a ?")
	}
	return u, nil
}

func origin(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := web(s)
	if err != nil {
		return "", err
	}
	if u.User != nil || strings.Trim(u.Path, "/") != "" {
		return "", errors.New("must be scheme, host and port alone, like https://posts.example.org")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

func httpURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := web(s)
	if err != nil {
		return "", err
	}
	if u.User != nil {
		return "", errors.New("must not hold a name or password")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func storeURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := parts(s, "postgres", "postgresql")
	if err != nil {
		return "", err
	}
	if u.Hostname() == "" && u.Query().Get("host") == "" {
		return "", errors.New("must name a host")
	}
	return s, nil
}

func storageURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := parts(s, "file", "s3")
	if err != nil {
		return "", err
	}
	if u.User != nil {
		return "", errors.New("must not hold keys; they have storage.access_key and storage.secret_key")
	}
	if u.Scheme == "file" {
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") || u.RawQuery != "" {
			return "", errors.New("must be file:/// and a folder, like file:///var/media")
		}
		return s, nil
	}
	if u.Hostname() == "" || u.Port() != "" || strings.Trim(u.Path, "/") != "" {
		return "", errors.New("must be s3:// and the bucket, like s3://bucket?endpoint=https://s3.example.org")
	}
	q, err := query(u, "endpoint", "region", "path_style")
	if err != nil {
		return "", err
	}
	if q.Get("endpoint") == "" && q.Get("region") == "" {
		return "", errors.New("must name the server: ?endpoint=https://s3.example.org (or the region, for Amazon's)")
	}
	if _, err := httpURL(q.Get("endpoint")); err != nil {
		return "", fmt.Errorf("has an endpoint that %w", err)
	}
	if v := q.Get("path_style"); v != "" && v != "true" && v != "false" {
		return "", errors.New("has path_style, which must be true or false")
	}
	return s, nil
}

func mailURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := parts(s, "smtp", "smtps", "resend")
	if err != nil {
		return "", err
	}
	if u.Hostname() == "" {
		return "", errors.New("must name a host")
	}
	if u.Scheme == "resend" && u.User == nil && !strings.HasPrefix(u.Host, "re_") {
		return "", errors.New("must hold the key: resend://re_key, or resend://key@api.resend.com")
	}
	q, err := query(u, "from", "tls", "api")
	if err != nil {
		return "", err
	}
	if from := q.Get("from"); from != "" {
		if _, err := mail.ParseAddress(from); err != nil {
			return "", errors.New("has from, which must be an e-mail address")
		}
	}
	if v := q.Get("tls"); v != "" && v != "none" && v != "starttls" && v != "implicit" {
		return "", errors.New("has tls, which must be implicit, starttls or none")
	}
	if api := q.Get("api"); api != "" {
		if _, err := httpURL(api); err != nil {
			return "", errors.New("has api, which must be a web address")
		}
	}
	return s, nil
}

// transitURL is a key service: what travels there is the master key, so only over TLS, or to this very machine.
func transitURL(s string) (string, error) {
	v, err := httpURL(s)
	if err != nil || v == "" {
		return "", err
	}
	u, err := url.Parse(v)
	if err != nil {
		return "", errors.New("must be a URL")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", errors.New("must start with https://")
	}
	if strings.Count(strings.Trim(u.Path, "/"), "/") < 1 {
		return "", errors.New("must hold the mount and the name of a key, like https://vault.example.org:8200/transit/omniposto")
	}
	return v, nil
}

func sentryDSN(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := web(s)
	if err != nil {
		return "", err
	}
	if u.User == nil || strings.Trim(u.Path, "/") == "" {
		return "", errors.New("must be the whole DSN, like https://key@host/1")
	}
	return s, nil
}

func setupCode(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if len(s) < 6 || len(s) > 256 || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "", errors.New("must have 6 to 256 signs and no spaces")
	}
	return s, nil
}

func token(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if len(s) < 16 || len(s) > 1024 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("must have at least 16 signs of ASCII and no spaces")
	}
	return s, nil
}

func email(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return "", errors.New("must be an e-mail address, like admin@example.org")
	}
	return s, nil
}

func oneOf(allowed ...string) rule {
	return func(s string) (string, error) {
		if contains(allowed, s) {
			return s, nil
		}
		return "", fmt.Errorf("must be %s%s", either(allowed), meant(s, allowed))
	}
}
