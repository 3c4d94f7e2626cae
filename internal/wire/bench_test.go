package wire_test

import (
	"testing"

	"gsp.example/gsp/internal/sealed"
	"gsp.example/gsp/internal/wire"
)

const usual = "From: Anne Moreau <fr1@gsp.example>\r\nTo: Kenya <ke@gsp.example>\r\nSubject: ...\r\n" +
	"Date: Mon, 23 Nov 2026 12:00:00 +0300\r\nMessage-ID: <1@gsp.example>\r\n" +
	"User-Agent: Mozilla Thunderbird\r\nContent-Language: en-US\r\n" +
	"GSP-UIM: \"QCALL#####################\";n=12;level=unit, \"0104600818007879#######\";n=300;level=carton\r\n"

// BenchmarkReadBuild reads and rebuilds a mail of 8 KiB that is inspected
// already.
func BenchmarkReadBuild(b *testing.B) {
	m := inspect(b, write(b, usual, 5500))
	o := outer()
	b.SetBytes(int64(len(m.Raw())))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Read(m, domain); err != nil {
			b.Fatal(err)
		}
		wire.Build(o, m)
	}
}

// BenchmarkFunnel is all that the router does to the octets of a mail of
// 8 KiB: inspect, read, build, inspect.
func BenchmarkFunnel(b *testing.B) {
	mail := write(b, usual, 5500)
	o := outer()
	b.SetBytes(int64(len(mail)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := sealed.Inspect(mail)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := wire.Read(m, domain); err != nil {
			b.Fatal(err)
		}
		if _, err := sealed.Inspect(wire.Build(o, m)); err != nil {
			b.Fatal(err)
		}
	}
}
