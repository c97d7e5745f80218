import Testing

@Suite struct RandomnessTests {}
