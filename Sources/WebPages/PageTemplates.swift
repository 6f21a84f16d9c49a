import Mustache

/// Mustache pages with their styles and scripts. All values are escaped; templates, styles and scripts are files that are compiled in.
///
/// Every template may begin with `{{>head}}`, which takes `lang`, `title` and `nonce`.
public struct PageTemplates: Sendable {
    private let library: MustacheLibrary
    private let style: String

    /// - Parameters:
    ///   - templates: by name. An invalid template ends the process, because it is a mistake in a file of this build.
    ///   - style: follows the style that all pages share.
    public init(_ templates: [String: [UInt8]], style: [UInt8]) {
        let all = templates.merging(["head": PackageResources.head_mustache]) { own, _ in own }
        library = MustacheLibrary(
            templates: all.mapValues { bytes in
                do { return try MustacheTemplate(string: String(decoding: bytes, as: UTF8.self)) } catch {
                    fatalError("a template of this build cannot be read: \(error)")
                }
            })
        self.style = Self.compact(PackageResources.base_css) + "\n" + Self.compact(style)
    }

    /// - Parameter script: runs at the end of the page, under its nonce.
    public func render(_ name: String, _ values: [String: any Sendable], script: [UInt8]? = nil) -> String {
        var values = values
        values["style"] = style
        if let script { values["script"] = Self.compact(script) }
        return library.render(values, withTemplate: name) ?? ""
    }

    /// Returns a style or script without indentation, empty lines and comment lines.
    private static func compact(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0.drop { $0 == " " } }
            .filter { !$0.isEmpty && !$0.hasPrefix("//") && !($0.hasPrefix("/*") && $0.hasSuffix("*/")) }.joined(separator: "\n")
    }
}
