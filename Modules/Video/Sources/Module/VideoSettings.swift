import Kernel

enum VideoSettings {
    static let control = Setting.flag(
        "SPKEY_VIDEO_CONTROL", "Whether a control plane places RTSP streams and reports at ApplyPlacementResult.")
    static let secret = Setting.secret(
        "SPKEY_VIDEO_INTERNAL_SECRET", "What the control plane shows at ApplyPlacementResult. Without it nothing is taken there.",
        atLeast: 16)
    static let mediaURL = Setting.text(
        "SPKEY_MEDIA_URL", "Where players find streams and pictures. Without it there are no signed links.", form: "a URL")
    static let mediaSecret = Setting.secret("SPKEY_MEDIA_SECRET", "Signs the links below SPKEY_MEDIA_URL.", atLeast: 16)

    static let plateDays = Setting.number(
        "SPKEY_PLATE_RETENTION_DAYS", "How long the plates that cameras have read are kept.", default: 30, in: 1...3_650)

    static let all = [control.any, secret.any, mediaURL.any, mediaSecret.any, plateDays.any]
}
