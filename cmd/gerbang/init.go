package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/ingest/mqtt"
	"github.com/gerbang-iot/gerbang/keyfile"
	"github.com/gerbang-iot/gerbang/ownca"
)

// initFlags are what init writes, and where.
type initFlags struct {
	dir, passwordFile string
	starter           configs.Starter
	force, yes        bool
	asked             func(flag string) bool // whether a flag was given
}

func initCommand(std streams) *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write a first configuration: gerbang.yaml, one building, and the passwords of its devices",
		Long: `Init writes a commented gerbang.yaml and the file of a first building into a folder (default: this one), makes the passwords
that they need, in files that only their owner may read, and says what to do next. On a terminal it asks; flags answer beforehand, and
--yes takes what they say without asking. --template chooses the kind of building, each a complete example with its sources:

` + templateList() + `
What is there already is not touched, unless --force says so; passwords are never made anew.`,
		Example: `  gerbang init
  gerbang init --template school school
  gerbang init --yes --site mpp-magetan --name "MPP Magetan" --broker tcp://127.0.0.1:1883 gateway`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.dir, f.asked = ".", cmd.Flags().Changed
			if len(args) == 1 {
				f.dir = args[0]
			}
			return f.run(std)
		},
	}
	fl := c.Flags()
	mall := configs.StarterTemplates()[0].Starter
	fl.StringVar(&f.starter.Template, "template", "", "kind of building: "+templateNames()+"; without one it is the first")
	fl.StringVar(&f.starter.Site, "site", mall.Site, "id of the building: small letters, digits, - and _")
	fl.StringVar(&f.starter.Name, "name", mall.Name, "name of the building")
	fl.StringVar(&f.starter.Timezone, "timezone", mall.Timezone, "time zone of the building")
	fl.StringVar(&f.starter.Language, "language", mall.Language, "language of the pages: id or en")
	fl.StringVar(&f.starter.Broker, "broker", "", "URL of an MQTT broker that is there already, such as tcp://127.0.0.1:1883 (default: the one inside the gateway)")
	fl.StringVar(&f.starter.Username, "username", "", "user name at --broker")
	fl.StringVar(&f.passwordFile, "password-file", "", "file with the password at --broker, which is copied to secrets/mqtt")
	fl.StringVar(&f.starter.Listen, "listen", "127.0.0.1:8080", "address of the pages")
	fl.StringSliceVar(&f.starter.CertificateFor, "https-for", nil, "names and addresses that people type, such as gerbang.lan,192.168.10.5: the pages are for the whole network, with the gateway's own certificate (docs/https.md)")
	fl.StringVar(&f.starter.MQTT, "mqtt", "127.0.0.1:1883", "address of the broker inside the gateway")
	fl.BoolVar(&f.force, "force", false, "write over gerbang.yaml and the building's file")
	fl.BoolVar(&f.yes, "yes", false, "ask nothing")
	return c
}

var siteID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// templateNames lists the kinds of building.
func templateNames() string {
	var names []string
	for _, t := range configs.StarterTemplates() {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

// templateList says what each kind of building is, a line each.
func templateList() string {
	var b strings.Builder
	for _, t := range configs.StarterTemplates() {
		fmt.Fprintf(&b, "  %-8s %s\n", t.Name, t.About)
	}
	return b.String()
}

// template puts what a kind of building offers in place of what no flag has said.
func (f *initFlags) template() (configs.StarterTemplate, error) {
	t, err := configs.StarterTemplateByName(f.starter.Template)
	if err != nil {
		return t, &exitError{code: 2, err: fmt.Errorf("--template: %w", err)}
	}
	for _, x := range []struct {
		flag  string
		to    *string
		offer string
	}{
		{"site", &f.starter.Site, t.Starter.Site}, {"name", &f.starter.Name, t.Starter.Name},
		{"timezone", &f.starter.Timezone, t.Starter.Timezone}, {"language", &f.starter.Language, t.Starter.Language},
	} {
		if !f.asked(x.flag) {
			*x.to = x.offer
		}
	}
	return t, nil
}

func (f *initFlags) run(std streams) error {
	kind, err := f.template()
	if err != nil {
		return err
	}
	if err := f.untouched([]configs.StarterFile{{Name: ownConfig}}); err != nil { // before anybody answers questions
		return err
	}
	if !f.yes && onTerminal(std.in) {
		if err := f.ask(std); err != nil {
			return err
		}
	}
	if err := f.validate(); err != nil {
		return err
	}
	f.starter.ClientID = "gerbang-" + f.starter.Site
	files, err := f.starter.Files()
	if err != nil {
		return err
	}
	secrets, err := f.secrets(files)
	if err != nil {
		return err
	}
	if err := f.untouched(files); err != nil {
		return err
	}
	for _, file := range files {
		text := file.Text
		if file.Secret {
			text = secrets[file.Name]
		}
		written, err := f.write(file, text)
		if err != nil {
			return err
		}
		what := "wrote"
		if !written {
			what = "kept"
		}
		if _, err := fmt.Fprintln(std.out, what, f.path(file.Name)); err != nil {
			return fmt.Errorf("saying what was written: %w", err)
		}
	}
	if problems := configs.Check(f.path(ownConfig)); len(problems) > 0 {
		return hinted{fmt.Errorf("what was written has problems:\n%w", problems), "correct the flags, and write again with --force"}
	}
	return f.next(std.out, kind)
}

// ask lets a person answer what the flags have not decided: an empty line takes what is offered.
func (f *initFlags) ask(std streams) error {
	in := bufio.NewReader(std.in)
	typed := strings.Join(f.starter.CertificateFor, ",")
	for _, q := range []struct {
		what string
		to   *string
	}{
		{"id of the building (small letters, digits, -)", &f.starter.Site},
		{"its name", &f.starter.Name},
		{"its time zone", &f.starter.Timezone},
		{"language of the pages (id, en)", &f.starter.Language},
		{"URL of your MQTT broker; empty: the one inside the gateway", &f.starter.Broker},
		{"what phones will type to reach the pages, such as gerbang.lan,192.168.10.5; empty: this machine alone, or a proxy in front", &typed},
	} {
		if _, err := fmt.Fprintf(std.out, "%s [%s]: ", q.what, *q.to); err != nil {
			return fmt.Errorf("asking: %w", err)
		}
		line, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) { // at the end of the input nobody answers: what is offered holds
			return fmt.Errorf("reading an answer: %w", err)
		}
		if line = strings.TrimSpace(line); line != "" {
			*q.to = line
		}
	}
	f.starter.CertificateFor = strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || r == ' ' })
	return nil
}

// validate refuses what would not do as a file's name or would be asked about later than now.
func (f *initFlags) validate() error {
	s := &f.starter
	wrong := func(flag, value, want string) error {
		return &exitError{code: 2, err: fmt.Errorf("--%s %q: want %s", flag, value, want)}
	}
	if !siteID.MatchString(s.Site) {
		return wrong("site", s.Site, "small letters, digits, - and _, such as mpp-magetan")
	}
	if _, err := time.LoadLocation(s.Timezone); err != nil || s.Timezone == "" || s.Timezone == "Local" {
		return wrong("timezone", s.Timezone, "an IANA name, such as Asia/Jakarta")
	}
	if s.Language != "id" && s.Language != "en" {
		return wrong("language", s.Language, "id or en")
	}
	if strings.TrimSpace(s.Name) == "" {
		return wrong("name", s.Name, "what people call the building")
	}
	if (s.Username != "") != (f.passwordFile != "") || s.Username != "" && s.Broker == "" {
		return &exitError{code: 2, err: errors.New("--username and --password-file go together, and with --broker")}
	}
	if s.Broker != "" {
		if err := mqtt.CheckURL(s.Broker); err != nil {
			return &exitError{code: 2, err: fmt.Errorf("--broker: %w", err)}
		}
	}
	for _, name := range s.CertificateFor {
		if err := ownca.CheckName(name); err != nil {
			return &exitError{code: 2, err: fmt.Errorf("--https-for: %w", err)}
		}
	}
	if len(s.CertificateFor) > 0 && !f.asked("listen") {
		s.Listen = "0.0.0.0:8443"
	}
	if err := checkAddress("--listen", s.Listen); err != nil {
		return err
	}
	return checkAddress("--mqtt", s.MQTT)
}

// untouched fails before anything is written if a file is there that would be written over.
func (f *initFlags) untouched(files []configs.StarterFile) error {
	for _, file := range files {
		if file.Secret || f.force {
			continue
		}
		if _, err := os.Lstat(f.path(file.Name)); err == nil {
			return hinted{fmt.Errorf("%s is there already; nothing was written", f.path(file.Name)), "--force writes over it; another folder: gerbang init FOLDER"}
		}
	}
	return nil
}

// secrets are the texts of the secret files: a password that is known, or one that nobody can guess.
func (f *initFlags) secrets(files []configs.StarterFile) (map[string]string, error) {
	texts := map[string]string{}
	for _, file := range files {
		switch {
		case !file.Secret:
		case f.passwordFile != "":
			password, err := keyfile.Read(f.passwordFile)
			if err != nil {
				return nil, fmt.Errorf("reading the password: %w", err)
			}
			texts[file.Name] = string(password)
		default:
			var b [18]byte
			_, _ = rand.Read(b[:]) // never fails
			texts[file.Name] = base64.RawURLEncoding.EncodeToString(b[:]) + "\n"
		}
	}
	return texts, nil
}

// write puts a file in place and tells whether it did: a secret that is there stays, as devices know it.
func (f *initFlags) write(file configs.StarterFile, text string) (bool, error) {
	path, folderMode, mode := f.path(file.Name), fs.FileMode(0o755), fs.FileMode(0o644)
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if file.Secret {
		folderMode, mode = 0o700, 0o600
	} else if f.force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
		return false, fmt.Errorf("making the folder: %w", err)
	}
	out, err := os.OpenFile(path, flags, mode)
	if file.Secret && errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("writing the configuration: %w", err)
	}
	_, err = io.WriteString(out, text)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return false, fmt.Errorf("writing %s: %w", path, err)
	}
	return true, nil
}

func (f *initFlags) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// next says what to do now, with commands that run as they stand.
func (f *initFlags) next(w io.Writer, kind configs.StarterTemplate) error {
	s, p := &f.starter, printer{w: w}
	p.line("\nNext:")
	if f.dir != "." {
		p.line("  cd %s", f.dir)
	}
	p.line("  gerbang check      # what is written is right; change it to your building, and check again")
	if n := len(s.CertificateFor); n > 0 {
		_, port, _ := net.SplitHostPort(s.Listen) // it is an address
		pages := "https://" + net.JoinHostPort(s.CertificateFor[0], port)
		p.line("  gerbang https      # the fingerprint of the gateway's own authority, for people to compare")
		p.line("  gerbang serve      # pages at %s/site/%s; phones install the authority by %[1]s/ca", pages, s.Site)
	} else {
		p.line("  gerbang serve      # pages at http://%s/site/%s, for this machine; docs/https.md has three ways for phones", s.Listen, s.Site)
	}
	p.line("and in another shell a first message, as the counter at the door would send it:")
	host, port, login := "127.0.0.1", "1883", ""
	if s.Broker == "" {
		if at := strings.LastIndex(s.MQTT, ":"); at >= 0 {
			host, port = strings.Trim(s.MQTT[:at], "[]"), s.MQTT[at+1:]
		}
		login = fmt.Sprintf(" -u %s-%s -P \"$(cat secrets/%s)\"", s.Site, kind.Counter, kind.Counter)
		p.line("  mosquitto_pub -h %s -p %s%s -q 1 -t gerbang/v1/%s/%s -m '{\"seq\": 1, \"people_in\": 2}'", host, port, login, s.Site, kind.Counter)
	} else {
		if s.Username != "" {
			login = fmt.Sprintf(" -u '%s' -P \"$(cat secrets/mqtt)\"", strings.ReplaceAll(s.Username, "'", `'\''`))
		}
		broker := strings.NewReplacer("tcp://", "mqtt://", "ssl://", "mqtts://", "tls://", "mqtts://").Replace(strings.TrimRight(s.Broker, "/"))
		p.line("  mosquitto_pub -L %s/gerbang/v1/%s/%s%s -q 1 -m '{\"seq\": 1, \"people_in\": 2}'", broker, s.Site, kind.Counter, login)
	}
	p.line("gerbang devices discover lists devices that are heard and not configured, with the lines to paste.")
	return p.err
}

// onTerminal tells whether a person can answer.
func onTerminal(in io.Reader) bool {
	file, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}
