/** The functions of jstat that Clearpath uses. The package brings no types of its own. */
declare module "jstat" {
    const jStat: {
        /** Complementary error function. It is 0 from about 8.3 on, where the true value is below 1e-16. */
        erfc(x: number): number;
        normal: {
            /** The value below which `share` of a normal distribution is. */
            inv(share: number, mean: number, deviation: number): number;
        };
        binomial: {
            /** Chance of at most `successes` in so many trials. */
            cdf(successes: number, trials: number, chance: number): number;
        };
    };
    export default jStat;
}
