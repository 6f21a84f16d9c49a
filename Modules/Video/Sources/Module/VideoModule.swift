public import Kernel

/// Video: cameras, their roles and streams, and the plates they see. Its use cases come with their issues.
public let video = Context("video", aggregates: [])
