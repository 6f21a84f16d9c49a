import AWS
import Kernel
import Testing

/// The published test vectors of AWS Signature Version 4, and what a header may look like.
@Suite struct SignatureV4Tests {
    private static let time = "20150830T123600Z"
    private static let scope = SignatureV4.Scope(day: "20150830", region: "us-east-1", service: "service")
    private static let credentials = SignatureV4.Credentials(id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    private static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    struct Vector: Sendable {
        var method = "GET"
        var path = "/"
        var query = ""
        var headers: [(String, String)] = []
        var body = ""
        let signature: String
    }

    static let vectors = [
        Vector(signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(path: "/example/..", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(path: "/example1/example2/../..", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(path: "//", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(path: "/./", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(path: "/./example", signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
        Vector(path: "//example//", signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        Vector(path: "/example space/", signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
        Vector(path: "/\u{1234}", signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        Vector(path: "/" + unreserved, signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        Vector(query: "Param1=value1", signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
        Vector(
            query: "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"),
        Vector(query: "Param2=value2&Param1=value1", signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        Vector(query: "\(unreserved)=\(unreserved)", signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
        Vector(query: "\u{1234}=bar", signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        Vector(
            headers: [("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
        Vector(
            headers: [("my-header1", "value4"), ("my-header1", "value1"), ("my-header1", "value3"), ("my-header1", "value2")],
            signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
        Vector(
            headers: [("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        Vector(method: "POST", signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        Vector(
            method: "POST", headers: [("my-header1", "VALUE1")],
            signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
        Vector(
            method: "POST", query: "Param1=value1", signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    ]

    @Test(arguments: vectors.indices) func `a request is signed as AWS signs it`(number: Int) throws {
        let vector = Self.vectors[number], headers = [("host", "example.amazonaws.com"), ("x-amz-date", Self.time)] + vector.headers
        let request = SignedRequest(
            method: vector.method, path: vector.path, query: vector.query, headers: headers.map { (name: $0.0, value: $0.1) },
            body: Array(vector.body.utf8))
        let names = Array(Set(headers.map(\.0)))
        let signature = SignatureV4(of: request, headers: names, with: Self.credentials, scope: Self.scope, time: Self.time)
        #expect(signature.signature == vector.signature)
        let read = try #require(SignatureV4(header: signature.header))
        #expect(read == signature && read.isMade(of: request, with: Self.credentials.secret, time: Self.time))
        #expect(!read.isMade(of: request, with: "another", time: Self.time))
    }

    /// What is sent encoded is signed as it is sent, encoded once more.
    @Test func `an encoded path is encoded again`() {
        func signature(_ path: String) -> String {
            let request = SignedRequest(method: "GET", path: path, headers: [("host", "h")])
            return SignatureV4(of: request, headers: ["host"], with: Self.credentials, scope: Self.scope, time: Self.time).signature
        }
        #expect(signature("/a%3Ab") != signature("/a:b"))
        #expect(signature("/a%3Ab") == signature("/a%3Ab"))
    }

    @Test(arguments: [
        "", "Bearer x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, Signature=s",
        "AWS4-HMAC-SHA256 Credential=a/b/c/aws4_request, SignedHeaders=host, Signature=s",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/other, SignedHeaders=host, Signature=s",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=, Signature=s",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=s, Signature=t",
    ])
    func `a header that is not well formed is none`(header: String) { #expect(SignatureV4(header: header) == nil) }

    @Test func `times are written in the basic format`() {
        let time = Timestamp(milliseconds: 1_440_938_160_999)
        #expect(SignatureV4.time(of: time) == Self.time)
        #expect(SignatureV4.timestamp(of: Self.time) == Timestamp(milliseconds: 1_440_938_160_000))
        for wrong in ["", "20150830T123600", "20151330T123600Z", "20150830 123600Z", "2015083é123600Z"] {
            #expect(SignatureV4.timestamp(of: wrong) == nil, "\(wrong)")
        }
    }
}
