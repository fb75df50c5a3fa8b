package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A set of campaigns, by their place in the file. What conditions a campaign has is turned around when the file is read:
// each channel, store, category, brand and day knows the campaigns that it is good for, so that a line's are found with "and".
type campaigns uint64

const campaignsLimit = 64

type category struct {
	factor    uint64 // of its own rule
	campaigns campaigns
}

type campaign struct {
	factor     uint64
	minimumFen int64
	from, to   int64 // days since 1970
	weekdays   [7]bool
}

// program is deploy/dev/program.yaml, as far as purchases of members without a history need it. Factors count hundredths.
type program struct {
	base            uint64
	minimumSpendFen int64
	zone            *time.Location
	tiers           []tier

	list      []campaign
	stackable campaigns
	minimum   campaigns // those with a minimum spend
	channels  [channelsLimit]campaigns
	stores    texts[campaigns]
	brands    texts[campaigns]
	category  texts[category]
}

type tier struct {
	id     string
	factor uint64
}

const neutral = 100

const channelsLimit = 6

var channelNumbers = map[string]uint64{"STORE": 1, "ONLINE": 2, "APP": 3, "MINI_PROGRAM": 4, "PARTNER": 5}

type programFile struct {
	TimeZone string `yaml:"time_zone"`
	Earning  struct {
		PointsPerYuan hundredths `yaml:"points_per_yuan"`
		MinimumSpend  hundredths `yaml:"minimum_spend"`
		Rounding      string
	}
	Categories []struct {
		Categories []string
		Multiplier hundredths
	}
	Tiers []struct {
		ID         string
		Multiplier hundredths
	}
	Campaigns []struct {
		Multiplier hundredths
		Stackable  bool
		When       conditions
	}
}

type conditions struct {
	Stores, Channels, Weekdays, Categories, Brands []string
	From, To                                       string
	MinimumSpend                                   hundredths `yaml:"minimum_spend"`
}

// hundredths of a decimal number with at most two digits behind the point, without floating point.
type hundredths int64

func (h *hundredths) UnmarshalYAML(node *yaml.Node) error {
	whole, rest, _ := strings.Cut(node.Value, ".")
	if len(rest) > 2 {
		return fmt.Errorf("line %d: at most two decimals", node.Line)
	}
	value, err := strconv.ParseInt(whole+rest+"00"[len(rest):], 10, 64)
	*h = hundredths(value)
	return err
}

func readProgram(path string) (*program, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file programFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p, err := newProgram(&file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func newProgram(file *programFile) (*program, error) {
	if file.Earning.Rounding != "floor" || len(file.Tiers) == 0 || len(file.Campaigns) > campaignsLimit {
		return nil, fmt.Errorf("only floor, at least one tier and at most %d campaigns are known here", campaignsLimit)
	}
	zone, err := time.LoadLocation(file.TimeZone)
	if err != nil {
		return nil, err
	}
	p := &program{
		base:            uint64(file.Earning.PointsPerYuan),
		minimumSpendFen: int64(file.Earning.MinimumSpend),
		zone:            zone,
	}
	for _, t := range file.Tiers {
		p.tiers = append(p.tiers, tier{t.ID, uint64(t.Multiplier)})
	}
	for i := range file.Campaigns {
		if err := p.addCampaign(i, file.Campaigns[i].Multiplier, file.Campaigns[i].Stackable, &file.Campaigns[i].When); err != nil {
			return nil, err
		}
	}
	p.turnAround(file)
	return p, p.checkRange()
}

func (p *program) addCampaign(place int, factor hundredths, stackable bool, when *conditions) error {
	added := campaign{factor: uint64(factor), minimumFen: int64(when.MinimumSpend)}
	var err error
	if added.from, err = dayNumber(when.From, 0); err != nil {
		return err
	}
	if added.to, err = dayNumber(when.To, 1<<40); err != nil {
		return err
	}
	for day := range added.weekdays {
		name := strings.ToLower(time.Weekday(day).String())
		added.weekdays[day] = len(when.Weekdays) == 0 || slices.Contains(when.Weekdays, name)
	}
	p.list = append(p.list, added)
	if stackable {
		p.stackable |= 1 << place
	}
	if added.minimumFen > 0 {
		p.minimum |= 1 << place
	}
	return p.addChannels(place, when.Channels)
}

func (p *program) addChannels(place int, names []string) error {
	for _, name := range names {
		number, known := channelNumbers[name]
		if !known {
			return fmt.Errorf("no channel %s", name)
		}
		p.channels[number] |= 1 << place
	}
	for number := range p.channels {
		if len(names) == 0 {
			p.channels[number] |= 1 << place
		}
	}
	return nil
}

func (p *program) turnAround(file *programFile) {
	lists := make([]conditions, len(file.Campaigns))
	for i := range file.Campaigns {
		lists[i] = file.Campaigns[i].When
	}
	p.stores = byName(lists, func(c *conditions) []string { return c.Stores })
	p.brands = byName(lists, func(c *conditions) []string { return c.Brands })
	good := byName(lists, func(c *conditions) []string { return c.Categories })
	// A category has at most one rule, the first that names it.
	found := map[string]category{}
	for _, slot := range good.slots {
		found[slot.name] = category{neutral, slot.value}
	}
	delete(found, "")
	named := map[string]bool{}
	for _, rule := range file.Categories {
		for _, name := range rule.Categories {
			if !named[name] {
				named[name] = true
				found[name] = category{uint64(rule.Multiplier), *good.of([]byte(name))}
			}
		}
	}
	p.category = newTexts(found, category{neutral, good.other})
}

// byName: a name is good for the campaigns that list it, and for those that list none.
func byName(lists []conditions, namesOf func(*conditions) []string) texts[campaigns] {
	var other campaigns
	found := map[string]campaigns{}
	for i := range lists {
		if len(namesOf(&lists[i])) == 0 {
			other |= 1 << i
		}
		for _, name := range namesOf(&lists[i]) {
			found[name] |= 1 << i
		}
	}
	for name := range found {
		found[name] |= other
	}
	return newTexts(found, other)
}

func dayNumber(date string, otherwise int64) (int64, error) {
	if date == "" {
		return otherwise, nil
	}
	day, err := time.Parse(time.DateOnly, date)
	return day.Unix() / 86400, err
}

// campaignsOn says which campaigns the day of a moment is good for, and from when to when that is so.
func (p *program) campaignsOn(momentMs int64) (good campaigns, beginsMs, endsMs int64) {
	year, month, date := time.UnixMilli(momentMs).In(p.zone).Date()
	begins := time.Date(year, month, date, 0, 0, 0, 0, p.zone)
	number := time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Unix() / 86400
	for i, c := range p.list {
		if number >= c.from && number <= c.to && c.weekdays[begins.Weekday()] {
			good |= 1 << i
		}
	}
	return good, begins.UnixMilli(), begins.AddDate(0, 0, 1).UnixMilli()
}
