import Testing

@Suite struct HypothesisTests {}
