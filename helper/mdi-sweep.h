// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_SWEEP_H
#define MDI_SWEEP_H

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{
namespace mdi
{

/// Changes of a scenario: paths (as of --set) and what stands there then, in order.
using FieldChanges = std::vector<std::pair<std::string, nlohmann::json>>;

/**
 * What a sweep varies: some fields of the scenario that change together, under one name, which is a
 * column of results.csv.
 */
struct SweepField
{
    /// A field of the scenario that follows the value.
    struct Target
    {
        std::string path;             //!< as --set writes it
        std::optional<double> factor; //!< the value is multiplied by it; none: as it is
    };

    /// Values between two numbers.
    struct Range
    {
        double from = 0;      //!< the first value
        double to = 0;        //!< the last value
        uint32_t steps = 0;   //!< values in a grid; 0: for samples only
        bool log = false;     //!< evenly in the logarithm
        bool integer = false; //!< rounded to whole numbers

        /// \param share from 0 to 1 of the way
        nlohmann::json At(double share) const;
    };

    std::string name;                   //!< of its column
    std::string unit;                   //!< such as b/s; empty: none or not told
    std::string scale;                  //!< linear, log or category: how to draw it
    std::vector<Target> targets;        //!< none with cases
    std::vector<nlohmann::json> values; //!< listed ones, or those of a range in a grid
    std::vector<FieldChanges> cases;    //!< by value, if each says its own changes
    std::optional<Range> range;         //!< if there is one

    /// What a value changes in the scenario.
    FieldChanges Changes(const nlohmann::json& value) const;

    /// The value at a share of the way, 0 <= share < 1: of a range, or of the list.
    nlohmann::json Sample(double share) const;
};

/**
 * A sweep file, read and checked (traces/schema/sweep.schema.json describes the format). Its points
 * are changes of one scenario.
 */
struct Sweep
{
    std::string file;               //!< path of the sweep file
    std::string name;               //!< of the results folder, too
    std::string description;        //!< for people
    std::string scenarioFile;       //!< path of the scenario
    nlohmann::json scenario;        //!< the scenario's document, with the sweep's own changes
    nlohmann::json document;        //!< the sweep file
    std::string method;             //!< grid, list, random or latin-hypercube
    std::vector<SweepField> fields; //!< in the order of the columns
    std::vector<std::vector<nlohmann::json>> points; //!< values by point and field

    /**
     * The scenario of a point, not checked.
     * \throws BadInput one line: a path that leads nowhere
     */
    nlohmann::json ScenarioOf(size_t point) const;

    /// An error of a point without the name of the file that it begins with: the scenario, where
    /// nobody finds the point's values, or the sweep.
    std::string Reason(const std::string& error) const;

    /// A point in messages: the sweep file, its number, the scenario.
    std::string Place(size_t point) const;
};

/**
 * Read a sweep and list its points. A path that leads nowhere at some points only is no fault of
 * the file.
 * \throws BadInput one line: file, JSON path, what is wrong, what would be right
 */
Sweep ReadSweep(const std::string& file);

} // namespace mdi
} // namespace ns3

#endif // MDI_SWEEP_H
