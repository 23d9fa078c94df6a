"""Types that flow between the stages; numpy and astropy only."""
