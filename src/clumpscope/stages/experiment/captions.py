"""What each table and figure of Popp et al. 2024 shows here; lost thresholds and axes are ours."""

TABLES = {
    1: ("selection", "Galaxies left by each cut: as published, then of the labels given."),
    2: ("models", "Start weights of each model's encoder, and the blocks of it that learn."),
    3: (
        "best_epochs",
        "Epoch of highest F1 on the validation galaxies of the last run-group, with average "
        "precision (AP), average recall (AR) and F1 there.",
    ),
    4: (
        "clump_counts",
        "Clumps of the labels and of each model on all labelled galaxies, and how many a galaxy "
        "that has any.",
    ),
    5: ("catalogue_columns", "Columns of the released catalogue."),
    9: ("run_groups", "Galaxies and clumps of each part of each run-group."),
}

FIGURES = {
    2: ("clump_positions", "Where labels lie in the image; the dashed square is searched."),
    3: ("mass_redshift", "Stellar mass against redshift of the galaxies with labels."),
    4: ("losses", "Training and validation loss of each epoch."),
    5: (
        "non_maximum_suppression",
        "Detections, numbers in brackets, before and after non-maximum suppression, of the galaxy, "
        "among those with most labels, of which this takes most. North is up.",
    ),
    6: ("merging", "As Figure 5, candidates before and after those that lie close are merged."),
    7: (
        "host_outline",
        "As Figure 5, merged candidates before and after those outside the host's outline, white, "
        "with what may lie beyond it, go.",
    ),
    8: (
        "completeness_purity",
        "Completeness against purity over the score threshold, test galaxies of the last "
        "run-group. The large mark is the threshold of the other figures. Bars: 68 %, of resampled "
        "galaxies.",
    ),
    9: (
        "run_groups",
        "Completeness and purity of all run-groups at one score threshold. Bars: 68 %, of "
        "resampled galaxies.",
    ),
    10: (
        "completeness_flux_ratio",
        "Completeness against the u flux ratio measured at the label. Bars: 68 %, Wilson's.",
    ),
    11: (
        "purity_flux_ratio",
        "Purity against the measured u flux ratio; any label is right. Bars: 68 %, Wilson's.",
    ),
    12: (
        "completeness_purity_bright",
        "As Figure 8, of clumps with a u flux ratio of at least 3 % and 8 %; a claim is right if "
        "its label measures at least 1 %.",
    ),
    13: ("models_on_a_galaxy", "Labels and detections of all models on one galaxy."),
    14: ("redshifts", "Normal and odd clumps against the redshift of their hosts."),
    15: ("colours_normal", "u − g against g − r of normal clumps, beside those of labels."),
    16: ("colours_odd", "u − g against g − r of odd clumps, beside those of labels."),
    17: ("host_ssfr", "Specific star-formation rate and redshift of hosts of normal clumps."),
    18: ("host_mass", "Stellar mass and redshift of hosts of normal clumps."),
    19: ("hsc", "The same galaxies in both surveys, with the last model's detections."),
    20: ("box_sizes", "Radii of the detected boxes, over the r-band PSF-FWHM."),
    22: (
        "simulated_small",
        "Completeness against the true u flux ratio of simulated sources of either kind, first "
        "compared group; of the test galaxies where no simulated sample is given.",
    ),
    23: (
        "simulated_large",
        "As Figure 22, last compared group.",
    ),
    27: ("hsc_1", "Labels, and detections of the first and the last model in both surveys."),
    28: ("hsc_2", "As Figure 27, other galaxies."),
    29: ("hsc_3", "As Figure 27, other galaxies."),
}
