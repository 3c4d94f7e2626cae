package pattern

// Shortcuts of the checks: what their machines would find, sooner.

// shortcut decides most spans with hidden characters; it says whether it is
// sure.
func (r *rule) shortcut(span string, sets []setID) (holds, sure bool) {
	switch r.name {
	case "date":
		return sureDate(span), true
	case "mod9710":
		holds = sure9710(span, sets)
		return holds, holds
	case "mrc":
		return surePrice(span, sets)
	case "mixed":
		return sureMixed(span, sets)
	}
	return false, false
}

// quickCsum is stepCsum over a whole span.
func quickCsum(span string) bool {
	sum, weight := 0, 1
	for i := len(span) - 1; i >= 0; i-- {
		sum += weight * int(span[i]-'0')
		weight = 4 - weight
	}
	return sum%10 == 0
}

// quickDate is stepDate over a whole span.
func quickDate(span string) bool {
	year, month, day := two(span), two(span[2:]), two(span[4:])
	if month < 1 || month > 12 || day < 1 || day > monthDays[month] || month == 2 && day == 29 && year%4 != 0 {
		return false
	}
	return len(span) == len("YYMMDD") || two(span[6:]) < 24
}

// two reads two digits.
func two(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

// sureDate decides a date whose digits are hidden here and there.
func sureDate(span string) bool {
	if len(span) == len("YYMMDDhh") && !someNumber(span[6:], 0, 23) {
		return false
	}
	for month := 1; month <= 12; month++ {
		if !someNumber(span[2:], month, month) {
			continue
		}
		last := monthDays[month]
		if month == 2 && !leapYear(span) {
			last = 28
		}
		if someNumber(span[4:], 1, last) {
			return true
		}
	}
	return false
}

// someNumber reports whether two digits, some of them hidden, can be a number
// from least to most.
func someNumber(s string, least, most int) bool {
	for n := least; n <= most; n++ {
		if (s[0] == hidden || int(s[0]-'0') == n/10) && (s[1] == hidden || int(s[1]-'0') == n%10) {
			return true
		}
	}
	return false
}

// leapYear reports whether two digits, some of them hidden, can be a leap
// year of this century.
func leapYear(s string) bool {
	for n := 0; n < 100; n += 4 {
		if someNumber(s, n, n) {
			return true
		}
	}
	return false
}

// sure9710 knows that two hidden digits side by side make any remainder: they
// stand for 0 to 99 times a power of ten, which has an inverse modulo 97.
func sure9710(span string, sets []setID) bool {
	for i := 1; i < len(span); i++ {
		if span[i-1] == hidden && span[i] == hidden && setDigits.within(sets[i-1].set()) && setDigits.within(sets[i].set()) {
			return true
		}
	}
	return false
}

// surePrice knows that a price all hidden can be plausible.
func surePrice(span string, sets []setID) (holds, sure bool) {
	for i := range len(span) {
		if span[i] != hidden || !setPrice.within(sets[i].set()) {
			return false, false
		}
	}
	return len(span) == 4, true
}

// sureMixed counts, where every hidden character may be a digit or a letter.
func sureMixed(span string, sets []setID) (holds, sure bool) {
	missingDigits, missingLetters, free := 2, 2, 0
	for i := range len(span) {
		switch {
		case span[i] != hidden && span[i] <= '9':
			missingDigits--
		case span[i] != hidden:
			missingLetters--
		case setUpper.within(sets[i].set()):
			free++
		default:
			return false, false
		}
	}
	return max(missingDigits, 0)+max(missingLetters, 0) <= free, true
}
