import Testing

@testable import Identity

@Suite struct PlateFormsTests {
    @Test func `one character is taken for one that looks like it`() {
        #expect(Set(PlateForms.confused("IB0A")) == ["1B0A", "I80A", "IBOA"])
        #expect(PlateForms.confused("XYA").isEmpty)
    }

    @Test func `one character is missed, but not of a short plate`() {
        #expect(PlateForms.shorter("ABC12") == ["BC12", "AC12", "AB12", "ABC2", "ABC1"])
        #expect(PlateForms.shorter("AABCD") == ["ABCD", "AACD", "AABD", "AABC"])
        #expect(PlateForms.shorter("AB12").isEmpty)
    }
}
