/** Scenarios that go through the whole main job, verdict included. */
export const MAIN_JOB_SCENARIOS = [
    "healthy",
    "black-hole-1380",
    "black-hole-ecmp",
    "upload-black-hole",
    "icmp-blocked-at-gateway",
];
