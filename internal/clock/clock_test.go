package clock

import "testing"

// One in 16 readings is sampled, however coarse the monotonic clock is, and
// whenever readings are taken.
func TestSampled(t *testing.T) {
	for _, step := range []int64{1, 41, 100, 1000, 1_000_000, 15_625_000} {
		const n = 100_000
		sampled := 0
		for i := range int64(n) {
			if (Reading{monotonic: 1_234_567 + i*step}).Sampled() {
				sampled++
			}
		}
		if low, high := n/SampledOneIn*8/10, n/SampledOneIn*12/10; sampled < low || sampled > high {
			t.Errorf("a clock in steps of %d ns: %d of %d readings are sampled", step, sampled, n)
		}
	}
}
