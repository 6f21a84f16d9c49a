extension Request {
    /// Returns the value of a cookie; nil when there is none.
    public func cookie(_ name: String) -> String? { Cookie.value(of: name, in: header("cookie")) }
}
