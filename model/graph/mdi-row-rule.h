// SPDX-License-Identifier: GPL-2.0-only
// Author: the mdi developers

#ifndef MDI_ROW_RULE_H
#define MDI_ROW_RULE_H

#include <cstdint>
#include <string>

namespace ns3
{
namespace mdi
{

/// Rows [begin, end) of a tensor, counted along its height; empty if end <= begin.
struct RowRange
{
    int64_t begin = 0; //!< the first row
    int64_t end = 0;   //!< one past the last row

    /// Whether there is no row.
    bool Empty() const
    {
        return end <= begin;
    }

    /// Number of rows, 0 if empty.
    int64_t Size() const
    {
        return Empty() ? 0 : end - begin;
    }
};

bool operator==(const RowRange& a, const RowRange& b);

/// The rows that are in both ranges.
RowRange Overlap(const RowRange& a, const RowRange& b);

/// How output rows depend on input rows: the lines of the table of papers.md, section 7.3.
enum class RowKind : uint8_t
{
    WHOLE,          //!< every output row needs the whole input, such as fully connected layers
    SAME,           //!< the same rows: element-wise, batch norm, channel concatenation and split
    WINDOW,         //!< convolution and pooling: kernel, stride, padding, dilation
    NEAREST,        //!< nearest up-sampling by an integer factor
    BILINEAR,       //!< bilinear up-sampling by an integer factor, align_corners = false
    TRANSPOSED,     //!< transposed convolution: kernel, stride, padding, dilation
    SPACE_TO_DEPTH, //!< `factor` input rows become channels of one output row (Focus)
    CONCAT_ROWS,    //!< the input's row 0 is the output's row `offset`
};

/// The name used in files, such as "space_to_depth".
const char* RowKindName(RowKind kind);

/// The reverse of RowKindName. \return false when there is no such kind
bool RowKindFromName(const std::string& name, RowKind& kind);

/**
 * How the rows of a layer's output depend on the rows of one of its inputs (EdgeFlow-style,
 * reconstructed: papers.md, section 7.3; C. Hu, B. Li, INFOCOM 2022). Rows are the third dimension
 * of a tensor (batch, channels, height, width). Every size is in rows; a rule uses the sizes that
 * its kind names and ignores the others.
 */
struct RowRule
{
    RowKind kind = RowKind::WHOLE; //!< which line of the table
    uint32_t kernel = 1;           //!< WINDOW, TRANSPOSED
    uint32_t stride = 1;           //!< WINDOW, TRANSPOSED
    uint32_t padding = 0;          //!< WINDOW, TRANSPOSED: above the first row
    uint32_t dilation = 1;         //!< WINDOW, TRANSPOSED
    uint32_t factor = 1;           //!< NEAREST, BILINEAR, SPACE_TO_DEPTH
    uint32_t offset = 0;           //!< CONCAT_ROWS

    static RowRule Whole(); //!< see RowKind
    static RowRule Same();  //!< see RowKind
    /// See RowKind.
    static RowRule Window(uint32_t kernel,
                          uint32_t stride = 1,
                          uint32_t padding = 0,
                          uint32_t dilation = 1);
    static RowRule Nearest(uint32_t factor);  //!< see RowKind
    static RowRule Bilinear(uint32_t factor); //!< see RowKind
    /// See RowKind.
    static RowRule Transposed(uint32_t kernel,
                              uint32_t stride = 1,
                              uint32_t padding = 0,
                              uint32_t dilation = 1);
    static RowRule SpaceToDepth(uint32_t factor); //!< see RowKind
    static RowRule ConcatRows(uint32_t offset);   //!< see RowKind
};

bool operator==(const RowRule& a, const RowRule& b);

/**
 * Whether a layer with this rule can turn an input of so many rows into an output of so many: the
 * sizes are positive where they must be, and no output row lies beyond what the rule describes
 * (ceil mode and output_padding included).
 */
bool RowRuleFits(const RowRule& rule, int64_t inputHeight, int64_t outputHeight);

/**
 * The input rows that output rows need, as if the input went on above and below: what lies outside
 * [0, inputHeight) is padding (WINDOW), the repeated edge (BILINEAR), or nothing at all. The range
 * is the smallest that holds every needed row (BILINEAR: it may hold one more); with a dilation or
 * a stride above the kernel, rows inside it can be unneeded.
 *
 * Never shrinks when `out` grows. Empty for an empty `out`.
 */
RowRange RequiredRowsUnclipped(const RowRule& rule, RowRange out, int64_t inputHeight);

/// The same, within [0, inputHeight); empty where the output rows see nothing but padding.
RowRange RequiredRows(const RowRule& rule, RowRange out, int64_t inputHeight);

/**
 * Rows of padding (WINDOW) or of the repeated edge (BILINEAR) above the required rows of a strip;
 * 0 for a strip inside, and for the other kinds. PadTop, the required rows and PadBottom are as
 * many rows as the unclipped range, even where a strip sees nothing but padding.
 */
int64_t PadTop(const RowRule& rule, RowRange out, int64_t inputHeight);

/// The same below; in ceil mode it can exceed the padding of the layer.
int64_t PadBottom(const RowRule& rule, RowRange out, int64_t inputHeight);

} // namespace mdi
} // namespace ns3

#endif // MDI_ROW_RULE_H
