/// The names that AWS's clients know errors by.
public enum AWSErrors {
    /// The header in which a response names its error.
    public static let header = "x-amzn-ErrorType"

    /// The error of the AWS IoT data plane that a status stands for.
    public static func name(of status: Int) -> String? {
        switch status {
        case 400: "InvalidRequestException"
        case 401: "UnauthorizedException"
        case 403: "ForbiddenException"
        case 404: "ResourceNotFoundException"
        case 405: "MethodNotAllowedException"
        case 409: "ConflictException"
        case 413: "RequestEntityTooLargeException"
        case 415: "UnsupportedDocumentEncodingException"
        case 429: "ThrottlingException"
        case 500: "InternalFailureException"
        case 503: "ServiceUnavailableException"
        default: nil
        }
    }
}
