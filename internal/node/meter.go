package node

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"gsp.example/gsp/internal/admin"
)

// meter counts what a door answered: commands by name, result and time. There
// are as many names as the door knows commands.
type meter struct {
	mu       sync.Mutex
	commands map[string]*admin.Command
}

// count counts a command. IDLE lasts as the client likes, so its time is none
// of the gateway's.
func (m *meter) count(name, result string, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.commands == nil {
		m.commands = make(map[string]*admin.Command)
	}
	c := m.commands[name]
	if c == nil {
		c = &admin.Command{Name: name}
		m.commands[name] = c
	}
	switch result {
	case "OK":
		c.OK++
	case "NO":
		c.No++
	default:
		c.Bad++
	}
	if name != "IDLE" {
		c.Took.Add(took)
	}
}

// read returns the counts, by name.
func (m *meter) read() []admin.Command {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]admin.Command, 0, len(m.commands))
	for _, c := range m.commands {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b admin.Command) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
