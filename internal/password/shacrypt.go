package password

import "hash"

// cryptAlphabet is the alphabet of crypt(3), without padding, the lowest six
// bits first.
const cryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// appendCrypt appends n characters for the bits of three bytes, from the lowest
// bits to the highest.
func appendCrypt(dst []byte, low, middle, high byte, n int) []byte {
	w := uint(high)<<16 | uint(middle)<<8 | uint(low)
	for range n {
		dst = append(dst, cryptAlphabet[w&63])
		w >>= 6
	}
	return dst
}

// shaCrypt computes the sha256_crypt or sha512_crypt of a password, as
// characters, by the specification of Ulrich Drepper. The steps have the numbers
// of the specification. The result is nil for too much work.
func shaCrypt(digest func() hash.Hash, password, salt []byte, rounds uint32) []byte {
	if beyondWork(rounds, 2*len(password)+len(salt)+64) {
		return nil
	}
	h := digest()
	sum := func(parts ...[]byte) []byte {
		h.Reset()
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	b := sum(password, salt, password) // 4 to 8
	parts := [][]byte{password, salt, stretch(b, len(password))}
	for n := len(password); n > 0; n >>= 1 { // 11
		if n&1 == 1 {
			parts = append(parts, b)
		} else {
			parts = append(parts, password)
		}
	}
	c := sum(parts...)                                                               // 12
	p := stretch(sum(stretch(password, len(password)*len(password))), len(password)) // 13 to 16
	s := stretch(sum(stretch(salt, len(salt)*(16+int(c[0])))), len(salt))            // 17 to 20
	for i := range rounds {                                                          // 21
		h.Reset()
		if i%2 == 1 {
			h.Write(p)
		} else {
			h.Write(c)
		}
		if i%3 != 0 {
			h.Write(s)
		}
		if i%7 != 0 {
			h.Write(p)
		}
		if i%2 == 1 {
			h.Write(c)
		} else {
			h.Write(p)
		}
		c = h.Sum(c[:0])
	}
	return encodeSHACrypt(c)
}

// stretch repeats b up to n bytes.
func stretch(b []byte, n int) []byte {
	out := make([]byte, 0, n+len(b))
	for len(out) < n {
		out = append(out, b...)
	}
	return out[:n]
}

// encodeSHACrypt writes the bytes of a digest in the order of the specification,
// step 22: three bytes a third of the digest apart, in turns.
func encodeSHACrypt(c []byte) (text []byte) {
	if len(c) == 32 {
		high, middle, low := 0, 10, 20
		for range 10 {
			text = appendCrypt(text, c[low], c[middle], c[high], 4)
			high, middle, low = low+1, high+1, middle+1
		}
		return appendCrypt(text, c[30], c[31], 0, 3)
	}
	high, middle, low := 0, 21, 42
	for range 21 {
		text = appendCrypt(text, c[low], c[middle], c[high], 4)
		high, middle, low = middle+1, low+1, high+1
	}
	return appendCrypt(text, c[63], 0, 0, 2)
}
