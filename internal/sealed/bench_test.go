package sealed_test

import (
	"fmt"
	"testing"

	"gsp.example/gsp/internal/sealed"
)

func BenchmarkInspect(b *testing.B) {
	for _, size := range []int{8 << 10, 1 << 20, 30 << 20} {
		mail := wrapOctets(b, join(packet(1, ecdhKey()), packet(1, ecdhKey()), packet(18, seipd1(size*3/4*64/66-700))))
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(mail)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sealed.Inspect(mail); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendArmour(b *testing.B) {
	mail := wrapOctets(b, join(packet(1, ecdhKey()), packet(18, seipd1(5600))))
	m := accept(b, mail, nil)
	dst := m.AppendArmour(nil)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = m.AppendArmour(dst[:0])
	}
}
