package gsp

import "strconv"

// Server is a door as the world reaches it, which may not be where it listens.
type Server struct {
	Host string `json:"host"` // a name, never an address: certificates name hosts
	Port int    `json:"port"`
}

// String returns host:port.
func (s Server) String() string { return s.Host + ":" + strconv.Itoa(s.Port) }

// URL returns the address of a path, which begins with "/", on an HTTPS door.
func (s Server) URL(path string) string {
	if s.Port == 443 {
		return "https://" + s.Host + path
	}
	return "https://" + s.String() + path
}

// Servers are what mail clients are set up with. A zero Server is a door that
// there is not.
type Servers struct {
	Submission Server `json:"submission"`        // TLS from the first octet
	STARTTLS   Server `json:"starttls,omitzero"` // submission for clients that know nothing else
	Reading    Server `json:"reading"`           // TLS from the first octet
	Directory  Server `json:"directory"`
}
